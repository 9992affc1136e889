# The daemon's user, whose home is the data folder. Users of the group kvm may use /dev/kvm. Ranges of subordinate ids
# let it build Debian guests without root; where useradd has no such option they are the administrator's to add.
make_user() {
	getent group kvm >/dev/null || groupadd --system kvm
	getent group innkeeper >/dev/null || groupadd --system innkeeper
	if ! getent passwd innkeeper >/dev/null; then
		set -- --system --gid innkeeper --home-dir /var/lib/innkeeper --no-create-home --shell /usr/sbin/nologin
		useradd "$@" --add-subids-for-system innkeeper 2>/dev/null || useradd "$@" innkeeper
	fi
	usermod --append --groups kvm innkeeper
	if ! [ -d /var/lib/innkeeper ]; then
		mkdir -m 0700 /var/lib/innkeeper
		chown innkeeper:innkeeper /var/lib/innkeeper
	fi
}
