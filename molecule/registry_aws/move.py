# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries to have a tag point at another image, and prints what ECR says.

move.py URL REGION REPOSITORY TAG
"""

from __future__ import annotations

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def main(url: str, region: str, repository: str, tag: str) -> None:
    ecr = boto3.client("ecr", region_name=region, endpoint_url=url, config=Config(proxies={}))
    (image,) = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    other = json.dumps({**json.loads(image["imageManifest"]), "annotations": {"other": "yes"}})
    try:
        ecr.put_image(repositoryName=repository, imageManifest=other, imageManifestMediaType=image["imageManifestMediaType"], imageTag=tag)
        print("moved")
    except ClientError as error:
        print(error.response["Error"]["Code"])


if __name__ == "__main__":
    main(*sys.argv[1:])
