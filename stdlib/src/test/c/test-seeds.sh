#!/bin/sh
# The lab's random trees and unions. The seeds are always the same ones, so a failure can be run again.
cd "$(dirname "$0")/.." && exec lab/run-seeds "$MICA_OUT/core-driver" --from 1 --count 40
