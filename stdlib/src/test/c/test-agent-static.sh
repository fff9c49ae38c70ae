#!/bin/sh
# The agent runs where there is no library and no loader: it must ask for neither.
if [ -n "$MICA_SANITIZE" ]; then
	echo "1..0 # SKIP the sanitizers cannot be linked statically"
	exit 0
fi
headers=$(readelf -lW "$MICA_OUT/mica-agent") || headers='no agent'
echo 1..3
case $headers in
*INTERP* | *DYNAMIC* | 'no agent') echo 'not ok 1 - the agent is static' ;;
*) echo 'ok 1 - the agent is static' ;;
esac
if readelf -nW "$MICA_OUT/mica-agent" | grep -Eq 'Build ID: [0-9a-f]{40}'; then
	echo 'ok 2 - it has a build id'
else
	echo 'not ok 2 - it has a build id'
fi
said=$("$MICA_OUT/mica-agent" 2>&1) && status=0 || status=$?
if [ "$status" -eq 1 ] && [ "${said#mica-agent: is the init }" != "$said" ]; then
	echo 'ok 3 - started as anything but process 1 it says what it is'
else
	echo 'not ok 3 - started as anything but process 1 it says what it is'
fi
