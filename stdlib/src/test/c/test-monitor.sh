#!/bin/sh
# mica-monitor between a guest and clients that the lab plays.
cd "$(dirname "$0")/.." && exec lab/run-monitor "$MICA_OUT"
