#!/bin/sh
# What a commit of a container needs of the agent, in a real guest: see lab/run-commit.
if [ -n "$MICA_SANITIZE" ]; then
	echo '1..0 # SKIP the sanitizers cannot be linked statically'
	exit 0
fi
lacks=
for program in qemu-system-x86_64 qemu-img crun busybox mkfs.ext4 python3 apt-get; do
	PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null || lacks="$lacks $program"
done
[ "$(id -u)" = 0 ] || lacks="$lacks root"
if [ -n "$lacks" ]; then
	[ "${MICA_MUST_WORK:-0}" != 1 ] || { echo "1..1" && echo "not ok 1 - lacks$lacks" && exit 1; }
	echo "1..0 # SKIP lacks$lacks"
	exit 0
fi
cd "$(dirname "$0")/.." && exec lab/run-commit "$MICA_OUT/mica-agent" "$MICA_OUT/core-driver" "$MICA_OUT/../guest-kernel"
