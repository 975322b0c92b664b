# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_instance
short_description: Ensure a PostgreSQL instance in Amazon RDS
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps one PostgreSQL instance, its subnet group (of the same name) and its parameter group (C(<name>-postgres<major version>)) as wanted, as one set.
    Each is described once; only what differs is written.
  - Secrets Manager makes and keeps the master password. It is never an option, and never returned; the secret's ARN is.
  - C(rds.force_ssl=1) is set, so that PostgreSQL takes no connection without TLS, unless O(parameters) says otherwise.
  - Waits, with a live line, until the instance is available, and fails with the cause that RDS gives. One that an earlier run left in the
    making is waited for.
  - What RDS can't change (encryption and its key, the master user, the database's name, going back to an older version) is refused before
    anything is touched.
options:
  name:
    description: Its identifier.
    type: str
    required: true
  state:
    description: With V(absent) the instance and its groups are deleted, with a last snapshot.
    type: str
    choices: [present, absent]
    default: present
  engine_version:
    description:
      - Version of PostgreSQL, V(17) or V(17.6). Needed with O(state=present).
      - With a major version only, RDS chooses the minor one. An instance that is ahead within its major version, since RDS upgraded it, is told and left.
    type: str
    default: ""
  upgrades:
    description: Which step to O(engine_version) a run may take. Others are refused.
    type: str
    choices: [none, minor, major]
    default: minor
  instance_class:
    description: Its class, such as V(db.m7g.large). Needed with O(state=present).
    type: str
    default: ""
  storage_gib:
    description: Storage in GiB, at least. RDS never shrinks it; one that has grown is told and left.
    type: int
    default: 20
  max_storage_gib:
    description: Up to where RDS lets the storage grow by itself. V(0) is not at all. Left out it is not looked at.
    type: int
  storage_type:
    description: Type of storage.
    type: str
    choices: [gp2, gp3, io1, io2]
    default: gp3
  iops:
    description: I/O operations per second. Left out it is not looked at. RDS takes none for V(gp3) of less than 400 GiB.
    type: int
  throughput:
    description: MiB per second, for V(gp3). Left out it is not looked at.
    type: int
  multi_az:
    description: Whether there is a standby in another zone. Left out it is not looked at.
    type: bool
  encrypted:
    description: Whether its storage is encrypted. RDS can't change it.
    type: bool
    default: true
  kms_key:
    description: ARN, id or alias of the key that encrypts the storage. Left out it is not looked at, and a new instance has AWS's own key. RDS can't change it.
    type: str
    default: ""
  database:
    description: Database that is made with it. Left out it is not looked at, and a new instance has only V(postgres).
    type: str
    default: ""
  username:
    description: The master user. RDS can't change it.
    type: str
    default: postgres
  secret_kms_key:
    description: ARN, id or alias of the key that encrypts the secret of the master user, when that is made. Left out it is AWS's own.
    type: str
    default: ""
  port:
    description: Its port.
    type: int
    default: 5432
  parameters:
    description:
      - Parameters of PostgreSQL by name, over C(rds.force_ssl=1). Others go back to RDS's default.
      - Static ones are in effect after a reboot, which is never made here; RV(notes) and RV(pending_reboot) tell.
    type: dict
    default: {}
  ca_certificate:
    description: The authority that signs its certificate, such as V(rds-ca-rsa2048-g1). Left out it is not looked at, and RDS chooses for a new instance.
    type: str
  backup_days:
    description: For how many days any point in time can be restored; V(0) is no backup. Left out it is not looked at.
    type: int
  backup_window:
    description: When backups are made, in UTC, such as V(01:00-02:00). Left out it is not looked at.
    type: str
  maintenance_window:
    description: When RDS may work on it, in UTC, such as V(sun:03:00-sun:04:00). Left out it is not looked at.
    type: str
  auto_minor_upgrade:
    description: Whether RDS upgrades to new minor versions in the maintenance window. Left out it is not looked at, and for a new instance it does.
    type: bool
  deletion_protection:
    description: Whether nobody can delete it before this is lifted.
    type: bool
    default: true
  performance_insights:
    description: Whether Performance Insights keeps what the database was busy with. Left out it is not looked at.
    type: bool
  performance_insights_days:
    description: For how many days Performance Insights keeps it. Left out it is not looked at.
    type: int
  iam_authentication:
    description: Whether IAM principals can log in with a token. Left out it is not looked at.
    type: bool
  log_exports:
    description: Logs that go to CloudWatch, of V(postgresql), V(upgrade) and V(iam-db-auth-error). Left out they are not looked at.
    type: list
    elements: str
  subnets:
    description: Ids of its subnets, of two zones at least. Needed with O(state=present).
    type: list
    elements: str
    default: []
  security_groups:
    description: Ids of its security groups. Left out they are not looked at, and a new instance has the VPC's default.
    type: list
    elements: str
  public:
    description: Whether it has a public address.
    type: bool
    default: false
  apply_immediately:
    description:
      - Whether changes are made now that RDS keeps for the maintenance window otherwise, and with them those that wait already. The instance may restart.
      - Without it they wait there, RV(pending) has them, and later runs don't ask for them again.
    type: bool
    default: false
  final_snapshot:
    description: Whether V(absent) makes a last snapshot, C(<name>-final) or the next free C(<name>-final-2) and so on.
    type: bool
    default: true
  keep_automated_backups:
    description: Whether V(absent) keeps the automated backups for as long as O(backup_days) says.
    type: bool
    default: false
  lift_deletion_protection:
    description: Whether V(absent) deletes an instance that is protected. Without it one that is protected is refused.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for the instance.
    type: int
    default: 3600
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only. What RDS makes is V((known after apply\)). Ids of subnets, groups and keys that an earlier task would make may be so, too.
    support: full
  diff_mode:
    description: Shows what is compared of the instance, the subnet group and the parameter group.
    support: full
"""

EXAMPLES = r"""
- name: Have the database of production
  slipway.platform.rds_instance:
    region: eu-central-1
    name: shop-prod
    engine_version: "17"
    instance_class: db.m7g.large
    storage_gib: 100
    max_storage_gib: 500
    multi_az: true
    database: shop
    backup_days: 35
    maintenance_window: sun:03:00-sun:04:00
    log_exports: [postgresql, upgrade]
    subnets: [subnet-0a1, subnet-0b2, subnet-0c3]
    security_groups: [sg-0d4]
    parameters:
      log_min_duration_statement: 500
    tags:
      slipway:environment: prod

- name: Upgrade it to the next major version now
  slipway.platform.rds_instance:
    region: eu-central-1
    name: shop-prod
    engine_version: "18"
    upgrades: major
    apply_immediately: true
    instance_class: db.m7g.large
    storage_gib: 100
    subnets: [subnet-0a1, subnet-0b2, subnet-0c3]
"""

RETURN = r"""
name:
  description: Its identifier.
  returned: success
  type: str
arn:
  description: Its ARN. In check mode V((known after apply\)) for one that would be made, as with RV(endpoint), RV(secret_arn) and RV(status).
  returned: success
  type: str
endpoint:
  description: Its host name.
  returned: success
  type: str
port:
  description: Its port.
  returned: success
  type: int
database:
  description: The database that was made with it.
  returned: success
  type: str
username:
  description: The master user.
  returned: success
  type: str
secret_arn:
  description: ARN of the secret in Secrets Manager that has the master user's name and password.
  returned: success
  type: str
ca_certificate:
  description: The authority that signs its certificate.
  returned: success
  type: str
engine_version:
  description: Version of PostgreSQL that it is at.
  returned: success
  type: str
status:
  description: Its state in RDS's words.
  returned: success
  type: str
pending:
  description: What waits for the maintenance window, by option.
  returned: success
  type: dict
pending_reboot:
  description: Whether parameters wait for a reboot.
  returned: success
  type: bool
final_snapshot:
  description: The last snapshot that O(state=absent) made.
  returned: success
  type: str
notes:
  description: What a person should know, such as a parameter that waits for a reboot.
  returned: success
  type: list
  elements: str
before:
  description: By resource what was compared, as it was.
  returned: success
  type: dict
after:
  description: The same, as it is now, or would be in check mode.
  returned: success
  type: dict
actions:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
"""
