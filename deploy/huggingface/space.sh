#!/bin/sh
# space.sh FOLDER: writes the repository of a Space into FOLDER, from the last commit of this project.
#
#   sh deploy/huggingface/space.sh /tmp/space
#   hf upload YOU/llmforge /tmp/space . --repo-type space --delete '*'
set -eu
project=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
git -C "$project" archive HEAD -- .dockerignore backend configs data docs frontend zensical.toml \
  ':!backend/tests' ':!backend/benchmarks' ':!frontend/e2e' | tar -x -C "$folder"
cp "$project/deploy/huggingface/README.md" "$folder/README.md"
cat "$project/Dockerfile" "$project/deploy/huggingface/Dockerfile" > "$folder/Dockerfile"
