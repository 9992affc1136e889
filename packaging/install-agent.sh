#!/bin/sh
# Puts the Innkeeper agent into this machine and starts it: curl -fsS @URL@/install-agent.sh | sudo sh
# DESTDIR: install into another root and start nothing.
set -eu

url='@URL@'
root=${DESTDIR:-}
program=/usr/local/bin/innkeeper-agent

fail() {
	echo "innkeeper-agent: $*" >&2
	exit 1
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'this must run as root.'
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
*) fail "there is no agent for $(uname -m)." ;;
esac

fetch() {
	if command -v curl >/dev/null 2>&1; then
		curl -fsS "$url/$1"
	elif command -v wget >/dev/null 2>&1; then
		wget -q -O - "$url/$1"
	else
		fail 'curl or wget is needed.'
	fi
}

new=$root$program.new
trap 'rm -f "$new"' EXIT
mkdir -p "$root/usr/local/bin"
fetch "agent/latest/linux-$arch" >"$new" || fail "$url does not give the agent."
wanted=$(fetch "agent/latest/linux-$arch.sha256" | cut -d ' ' -f 1)
found=$(sha256sum "$new" | cut -d ' ' -f 1)
[ "$wanted" = "$found" ] || fail 'the agent arrived damaged: its SHA-256 is another one.'
chmod 0755 "$new"
"$new" --self-test >/dev/null || fail 'the agent does not work on this kernel.'
mv -f "$new" "$root$program"

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

if [ -d "$root/etc/systemd/system" ]; then
	systemd_unit >"$root/etc/systemd/system/innkeeper-agent.service"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -sf /etc/systemd/system/innkeeper-agent.service "$root/etc/systemd/system/multi-user.target.wants/"
	[ -n "$root" ] || { systemctl daemon-reload && systemctl restart innkeeper-agent; }
	init=systemd
elif [ -e "$root/sbin/openrc-run" ]; then
	openrc_script >"$root/etc/init.d/innkeeper-agent"
	chmod 0755 "$root/etc/init.d/innkeeper-agent"
	mkdir -p "$root/etc/runlevels/default"
	ln -sf /etc/init.d/innkeeper-agent "$root/etc/runlevels/default/"
	[ -n "$root" ] || rc-service innkeeper-agent restart
	init=openrc
elif [ -d "$root/etc/rc2.d" ]; then
	sysv_script >"$root/etc/init.d/innkeeper-agent"
	chmod 0755 "$root/etc/init.d/innkeeper-agent"
	for level in 2 3 4 5; do ln -sf /etc/init.d/innkeeper-agent "$root/etc/rc$level.d/S01innkeeper-agent"; done
	for level in 0 1 6; do ln -sf /etc/init.d/innkeeper-agent "$root/etc/rc$level.d/K99innkeeper-agent"; done
	[ -n "$root" ] || /etc/init.d/innkeeper-agent restart
	init=sysv
elif [ -f "$root/etc/inittab" ]; then
	grep -q innkeeper-agent "$root/etc/inittab" || inittab_lines >>"$root/etc/inittab"
	[ -n "$root" ] || kill -HUP 1
	init=busybox
else
	fail "it lies in $program, and nothing starts it: this init system is not known. Start it with \"innkeeper-agent serve\"."
fi
echo "The Innkeeper agent is installed, and $init starts it."
