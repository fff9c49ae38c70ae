#!/bin/bash
# Layers between Mica and the programs that others handle images with: what we write they unpack to the same tree, and
# what they write we read as the same. Each program that is missing is skipped, which MICA_MUST_WORK=1 makes a failure.
set -u
core=$MICA_OUT/core-driver
number=0

ok() { # NAME STATUS [SAID]
	number=$((number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		[ -z "${3:-}" ] || echo "$3" | tail -n 20 | sed 's/^/# /'
	fi
}

skip() { # NAME WHY
	number=$((number + 1))
	if [ "${MICA_MUST_WORK:-0}" = 1 ]; then
		echo "not ok $number - $1: cannot run here: $2"
	else
		echo "ok $number # SKIP $1: $2"
	fi
}

have() { # PROGRAM
	command -v "$1" >/dev/null && return
	skip "$1" 'it is not installed'
	return 1
}

# same NAME A B: two folders are the same tree.
same() {
	ok "$1" "$([ "$("$core" manifest "$2" 2>&1)" = "$("$core" manifest "$3" 2>&1)" ]; echo $?)" \
		"$("$core" diff --exact "$2" -- "$3" 2>&1)"
}

# like NAME PATTERN A B: all lines of their diff match, for some programs keep whole seconds only, and some leave the
# folder that they unpack into, or begin with, as they had it.
like() {
	local lines
	lines=$("$core" diff --exact "$3" -- "$4" 2>&1 | grep -vxE "modified ($2)")
	ok "$1" "$([ -z "$lines" ]; echo $?)" "$lines"
}

[ "$(id -u)" -eq 0 ] || { skip 'the programs of others' 'devices and owners need root'; echo "1..$number"; exit; }
# Where devices, and attributes of all kinds, can be: /tmp may be nosuid or a tmpfs.
top=$(mktemp -d "${TMPDIR:-/var/tmp}/mica-oci.XXXXXX") || exit 1
trap 'cd /; rm -rf "$top"' EXIT
cd "$top" || exit 1

# An image of the two layers base and change, and by hand what they come to.
long=$(printf 'n%.0s' {1..120})
mkdir -p base/{etc,usr/bin,old/deep,emptied,"$long/$long"} change/{etc,usr/bin,emptied,new}
echo root >base/etc/passwd
echo program >base/usr/bin/program
chmod 6755 base/usr/bin/program
ln base/usr/bin/program base/usr/bin/again
ln -s ../usr/bin/program base/etc/link
ln -s "$long$long" base/etc/long-link
echo deep >"base/$long/$long/file"
echo gone >base/old/deep/file
echo gone >base/emptied/file
mkfifo base/fifo
mknod base/device c 5 1
chown 1234:5678 base/old
chown 4000000:3000000 base/etc/passwd
printf 'bytes' >"base/$(printf 'not-utf8-\377\303')"
printf 'name' >"base/$(printf 'utf8-\303\244')"
head -c 300000 /dev/urandom >base/random
setfattr -n user.note -v 'of a user' base/etc/passwd
setcap cap_net_raw+ep base/usr/bin/program
touch -d '2001-02-03 04:05:06.123456789' base/random base/etc base
touch -d '1969-12-31 23:59:58' base/old
touch -h -d '2002-02-03 04:05:06.987654321' base/etc/link
echo changed >change/etc/passwd
mknod change/old c 0 0
mknod change/usr/bin/again c 0 0
setfattr -n trusted.overlay.opaque -v y change/emptied
echo new >change/emptied/other
setfacl -m u:1000:rwx,d:u:1001:rx change/new
touch -d '2010-02-03 04:05:06.5' change/new change/etc change/usr/bin change/usr change/emptied change
mkdir whole
cp -a base/. whole/
"$core" apply change whole

for how in '' --gzip --zstd; do
	"$core" tar $how base "base.tar$how" >"base.said" && "$core" tar $how change "change.tar$how" >"change.said"
	ok "written ${how:-plain}" $?
done

# blob FILE: into the layout at hand; its digest and size.
blob() {
	local digest
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "image/blobs/sha256/$digest"
	echo "\"digest\":\"sha256:$digest\",\"size\":$(stat -c %s "$1")"
}

# layout HOW MEDIATYPE: an OCI layout "image" of both, compressed so.
layout() {
	local base change layers config
	rm -rf image && mkdir -p image/blobs/sha256
	echo '{"imageLayoutVersion":"1.0.0"}' >image/oci-layout
	base=$(blob "base.tar$1") change=$(blob "change.tar$1")
	layers="{\"mediaType\":\"$2\",$base},{\"mediaType\":\"$2\",$change}"
	printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
		"$(cut -c1-64 base.said | head -1)" "$(cut -c1-64 change.said | head -1)" >config
	config=$(blob config)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[%s]}' \
		"$config" "$layers" >manifest
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"platform":{"architecture":"amd64","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"latest"}}]}' \
		"$(blob manifest)" >image/index.json
}

# What we write, unpacked by others.

unpacked_by_tar() {
	mkdir gnu
	said=$(tar -C gnu --xattrs --xattrs-include='*' --same-owner -xpf base.tar 2>&1)
	ok 'GNU tar unpacks it' $? "$said"
	same 'to the same tree' base gnu
}

unpacked_by_bsdtar() {
	have bsdtar || return
	mkdir bsd
	said=$(bsdtar -C bsd --xattrs --acls --same-owner -xpf base.tar--zstd 2>&1)
	ok 'bsdtar unpacks it' $? "$said"
	like 'to the same tree' 'times [.]' base bsd
}

unpacked_by_umoci() {
	have umoci || return
	layout --gzip application/vnd.oci.image.layer.v1.tar+gzip
	said=$(umoci unpack --image image:latest umoci 2>&1)
	ok 'umoci unpacks both layers' $? "$said"
	same 'to the tree that they come to' whole umoci/rootfs
}

copied_by_skopeo() {
	have skopeo || return
	for how in --gzip --zstd; do
		layout $how "application/vnd.oci.image.layer.v1.tar+${how#--}"
		rm -rf copied
		said=$(skopeo copy oci:image:latest dir:copied 2>&1)
		ok "skopeo copies ${how#--}, all digests as told" $? "$said"
	done
	layout --gzip application/vnd.oci.image.layer.v1.tar+gzip
	said=$(skopeo copy oci:image:latest docker-archive:archive.tar:image:latest 2>&1)
	ok 'skopeo makes a docker archive of it' $? "$said"
	mkdir archive && tar -C archive -xf archive.tar
	inside=$(tar -tf archive.tar | grep -c "$(cut -c1-64 base.said | head -1)")
	ok 'whose layers are ours' "$([ "$inside" -ge 1 ]; echo $?)"
}

# The image through containers/storage, by buildah or podman.
store() {
	"$1" --root "$top/store-$1" --runroot "$top/run-$1" --storage-driver vfs "${@:2}"
}
pulled_by() {
	have "$1" || return
	layout --zstd application/vnd.oci.image.layer.v1.tar+zstd
	said=$(store "$1" pull oci:image:latest 2>&1)
	ok "$1 pulls both layers" $? "$said"
	# Where it keeps the upper one of them.
	rootfs=$(dirname "store-$1"/vfs/dir/*/new)
	like "to the tree that they come to, $1" 'times [.]' whole "$rootfs"
}

# What others write, read by us.

# read_as NAME TAR FOLDER: as the same tree.
read_as() {
	rm -rf ours
	said=$("$core" untar "$2" ours 2>&1)
	ok "$1 is read" $? "$said"
	same "as the same tree, $1" "$3" ours
}

written_by_tar() {
	rm -rf sparse && cp -a base sparse && truncate -s 5M sparse/holes
	echo end | dd of=sparse/holes bs=1 seek=3000001 conv=notrunc status=none
	touch -d '2003-03-03 03:03:03' sparse/holes sparse
	for version in 0.0 0.1 1.0; do
		tar -C sparse --format=pax --pax-option=delete=atime,delete=ctime --sparse --sparse-version=$version --xattrs \
			--xattrs-include='*' -cf tar . 2>/dev/null
		read_as "GNU tar's pax, sparse $version" tar sparse
	done
	find sparse -depth -exec touch -h -d '2003-03-03 03:03:03' {} +
	find sparse -exec setfattr -h -x user.note {} + 2>/dev/null
	setcap -r sparse/usr/bin/program
	tar -C sparse --format=gnu --sparse -cf tar . 2>/dev/null
	read_as "GNU tar's own form" tar sparse
}

written_by_bsdtar() {
	have bsdtar || return
	for form in pax gnutar; do
		[ $form = pax ] && tree=base || tree=sparse
		bsdtar -C $tree --format $form --xattrs --acls -c -z -f tar . 2>/dev/null
		read_as "bsdtar's $form" tar $tree
	done
}

written_by_umoci() {
	have umoci || return
	rm -rf new bundle && umoci init --layout new && umoci new --image new:latest &&
		umoci unpack --image new:latest bundle >/dev/null 2>&1
	cp -a base/. bundle/rootfs/
	said=$(umoci repack --image new:latest bundle 2>&1)
	ok 'umoci repacks a tree' $? "$said"
	layer=$(find new/blobs -size +200k)
	rm -rf ours
	said=$("$core" untar "$layer" ours 2>&1)
	ok 'its layer is read' $? "$said"
	like 'as the same tree, umoci' 'times .*' base ours
}

written_by_buildah() {
	have buildah || return
	container=$(store buildah from scratch 2>&1)
	rootfs=$(store buildah mount "$container")
	cp -a base/. "$rootfs/"
	said=$(store buildah commit --format oci "$container" "oci:$top/built:latest" 2>&1)
	ok 'buildah commits a tree' $? "$said"
	layer=$(find built/blobs -size +200k)
	rm -rf ours
	said=$("$core" untar "$layer" ours 2>&1)
	ok 'its layer is read' $? "$said"
	like 'as the same tree, buildah' 'times .*|mode,times [.]' base ours
}

unpacked_by_tar
unpacked_by_bsdtar
unpacked_by_umoci
copied_by_skopeo
pulled_by buildah
pulled_by podman
written_by_tar
written_by_bsdtar
written_by_umoci
written_by_buildah
[ ! -e store-buildah ] || store buildah umount --all >/dev/null 2>&1
echo "1..$number"
