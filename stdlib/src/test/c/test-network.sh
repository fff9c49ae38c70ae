#!/bin/sh
# mica-forward and mica-outward between this host and a machine that the lab plays.
cd "$(dirname "$0")/.." && exec lab/run-network "$MICA_OUT"
