#!/bin/sh
# The relay and the export over an overlay of this machine: no guest. Each way the data can take.
cd "$(dirname "$0")/.." && exec lab/run-relay "$MICA_OUT"
