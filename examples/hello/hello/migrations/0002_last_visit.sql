-- Expand: versions that don't know the column go on working, before and after.
ALTER TABLE visits ADD COLUMN last_at timestamptz;
