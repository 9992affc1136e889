#!/bin/sh
# Puts the Innkeeper agent into this machine and starts it: @USAGE@
# DESTDIR: install into another root and start nothing.
set -eu

# Empty: the agent is in the folder of this script.
url='@URL@'
case $0 in
*/*) here=${0%/*} ;;
*) here=. ;;
esac
root=${DESTDIR:-}
program=/usr/local/bin/innkeeper-agent

fail() {
	echo "innkeeper-agent: $*" >&2
	exit 1
}

has() {
	command -v "$1" >/dev/null 2>&1
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'this must run as root.'
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "there is no agent for $(uname -m), only for x86_64 and aarch64." ;;
esac
has sha256sum || fail 'the program sha256sum is needed to check what is downloaded; it is not installed.'

@IN_AGENT@

[ ! -e "$root/usr/bin/innkeeper-agent" ] || fail 'it is installed as a package already; upgrade or remove that.'

# Which init runs here, or would run in the other root. Folders of other inits lie about in most systems.
init_program() {
	for path in /sbin/init /usr/sbin/init; do
		link=$(readlink "$root$path" 2>/dev/null) || link=
		[ -n "$link" ] || [ ! -e "$root$path" ] || link=$path
		[ -z "$link" ] || { echo "${link##*/}"; return; }
	done
}

find_init() {
	if [ -z "$root" ]; then
		[ ! -d /run/systemd/system ] || { echo systemd; return; }
		[ ! -e /run/openrc/softlevel ] || { echo openrc; return; }
	fi
	started=$(init_program)
	case $started in
	systemd | openrc-init) echo "${started%-init}"; return ;;
	esac
	if [ -n "$root" ] && [ -x "$root/sbin/openrc" ] && [ -d "$root/etc/runlevels" ]; then
		echo openrc
	elif [ "$started" = busybox ]; then
		[ ! -f "$root/etc/inittab" ] || echo busybox
	elif [ -n "$started" ] && [ -d "$root/etc/init.d" ] && [ -d "$root/etc/rc2.d" ]; then
		echo sysv
	fi
}

init=$(find_init)

fetch() {
	if [ -z "$url" ]; then
		cat "$here/agent/$1"
	elif has curl; then
		curl -fsS "$url/agent/latest/$1"
	elif has wget; then
		wget -q -O - "$url/agent/latest/$1"
	else
		fail 'curl or wget is needed; neither is installed.'
	fi
}

case $url in
https:*)
	if ! has curl && wget --help 2>&1 | grep -q BusyBox; then
		fail 'busybox’s wget does not check certificates; install curl or wget.'
	fi
	;;
esac

new=$root$program.new
trap 'rm -f "$new"' EXIT
mkdir -p "$root/usr/local/bin"
fetch "linux-$arch" >"$new" || fail "${url:-$here} does not have the agent for $arch."
wanted=$(fetch "linux-$arch.sha256" | cut -d ' ' -f 1)
[ -n "$wanted" ] || fail "${url:-$here} does not have the SHA-256 of the agent for $arch."
found=$(sha256sum "$new" | cut -d ' ' -f 1)
[ "$wanted" = "$found" ] || fail 'the agent arrived damaged: its SHA-256 is another one.'
chmod 0755 "$new"
"$new" --self-test >/dev/null || fail 'the agent does not work on this kernel.'
mv -f "$new" "$root$program"
# An update that was not confirmed has left the program before it, which would come back at the start.
rm -f "$root$program.previous"

@ADD_UPDATE_KEYS@

# A key in each line.
echo '@UPDATE_KEY@' | add_update_keys "$root/etc/innkeeper/update-keys"

systemd_unit() {
	cat <<'END_OF_FILE'
@SYSTEMD@
END_OF_FILE
}

openrc_script() {
	cat <<'END_OF_FILE'
@OPENRC@
END_OF_FILE
}

sysv_script() {
	cat <<'END_OF_FILE'
@SYSV@
END_OF_FILE
}

inittab_lines() {
	cat <<'END_OF_FILE'
@BUSYBOX@
END_OF_FILE
}

case $init in
systemd)
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	# A removed package has left a link to /dev/null.
	rm -f "$root/etc/systemd/system/innkeeper-agent.service"
	systemd_unit >"$root/etc/systemd/system/innkeeper-agent.service"
	ln -sf /etc/systemd/system/innkeeper-agent.service "$root/etc/systemd/system/multi-user.target.wants/"
	[ -n "$root" ] || { systemctl daemon-reload && unless_in_agent systemctl restart innkeeper-agent; }
	;;
openrc)
	mkdir -p "$root/etc/init.d" "$root/etc/runlevels/default"
	openrc_script >"$root/etc/init.d/innkeeper-agent"
	chmod 0755 "$root/etc/init.d/innkeeper-agent"
	ln -sf /etc/init.d/innkeeper-agent "$root/etc/runlevels/default/"
	[ -n "$root" ] || unless_in_agent rc-service innkeeper-agent restart
	;;
sysv)
	sysv_script >"$root/etc/init.d/innkeeper-agent"
	chmod 0755 "$root/etc/init.d/innkeeper-agent"
	for level in 2 3 4 5; do ln -sf /etc/init.d/innkeeper-agent "$root/etc/rc$level.d/S01innkeeper-agent"; done
	for level in 0 1 6; do ln -sf /etc/init.d/innkeeper-agent "$root/etc/rc$level.d/K99innkeeper-agent"; done
	[ -n "$root" ] || unless_in_agent /etc/init.d/innkeeper-agent restart
	;;
busybox)
	grep -q "$program" "$root/etc/inittab" || inittab_lines >>"$root/etc/inittab"
	# An agent that runs is ended, so that init starts the new one.
	[ -n "$root" ] || { kill -HUP 1 && { pkill -f "^$program serve" || :; }; }
	;;
*)
	fail "it lies in $program, and nothing starts it: this init system is not known. Start it with \"innkeeper-agent serve\"."
	;;
esac
echo "The Innkeeper agent is installed, and $init starts it."
