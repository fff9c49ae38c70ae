# shellcheck shell=sh disable=SC2034 # sourced; sets what the caller reads
# jdk.sh - find a JDK for Mica; sourced, for sh. Starts no process, so that the launcher stays fast.
#
# find_jdk [PROGRAM]: sets JDK to the home of a Java of at least $JDK_MIN that has bin/PROGRAM (java
# when not said), or returns 1 and sets JDK_WHY to a sentence. MICA_JAVA decides when it is set;
# else JAVA_HOME when it is new enough; else the newest in the usual places.

JDK_MIN=25

# java_version HOME: sets VERSION to the one in HOME/release, such as 25.0.3; 0 when there is none.
java_version() {
	VERSION=0
	[ -r "$1/release" ] || return 0
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		JAVA_VERSION=*)
			VERSION=${line#*=}
			VERSION=${VERSION#\"}
			VERSION=${VERSION%%[!0-9.]*}
			return 0
			;;
		esac
	done <"$1/release"
}

# version_number 25.0.3: sets NUMBER to 25000003, for comparing.
version_number() {
	old_ifs=$IFS IFS=.
	# shellcheck disable=SC2086 # split on purpose
	set -- $1 0 0
	IFS=$old_ifs
	NUMBER=$((${1:-0} * 1000000 + ${2:-0} * 1000 + ${3:-0}))
}

# usable HOME PROGRAM: whether HOME is new enough and has the program; sets VERSION and NUMBER.
usable() {
	java_version "$1"
	version_number "$VERSION"
	[ "$NUMBER" -ge $((JDK_MIN * 1000000)) ] && [ -x "$1/bin/$2" ]
}

find_jdk() {
	program=${1:-java} JDK=
	if [ -n "${MICA_JAVA:-}" ]; then
		usable "$MICA_JAVA" "$program" && JDK=$MICA_JAVA && return 0
		JDK_WHY="MICA_JAVA=$MICA_JAVA is not the home of a JDK >= $JDK_MIN with bin/$program"
		return 1
	fi
	if [ -n "${JAVA_HOME:-}" ] && usable "$JAVA_HOME" "$program"; then
		JDK=$JAVA_HOME
		return 0
	fi
	newest=0
	for home in /usr/lib/jvm/* /opt/*jdk* /opt/java/* /usr/local/*jdk* "${HOME:-}"/.jdks/* \
		"${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.asdf/installs/java/*; do
		if usable "$home" "$program" && [ "$NUMBER" -gt "$newest" ]; then
			JDK=$home newest=$NUMBER
		fi
	done
	[ -n "$JDK" ] && return 0
	# Last, for it costs a process: the one on the PATH, behind its links.
	if home=$(command -v "$program") && home=$(readlink -f "$home"); then
		home=${home%/bin/*}
		usable "$home" "$program" && JDK=$home && return 0
	fi
	JDK_WHY="no JDK >= $JDK_MIN with bin/$program in MICA_JAVA, JAVA_HOME, /usr/lib/jvm, /opt, /usr/local, ~/.jdks, ~/.sdkman, ~/.asdf or on the PATH"
	return 1
}
