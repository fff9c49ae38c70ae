#!/bin/sh
# mica-client and a server that the lab plays.
cd "$(dirname "$0")/.." && exec lab/run-client "$MICA_OUT"
