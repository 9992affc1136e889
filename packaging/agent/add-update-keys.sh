# Adds the keys of standard input that the file does not have: each may send this guest another agent. The file is not a
# package's own: several packages, install-agent.sh and people add to it.
add_update_keys() {
	while IFS= read -r line; do
		if [ -n "$line" ] && ! grep -qxF "$line" "$1" 2>/dev/null; then
			mkdir -p "${1%/*}"
			# A last line without an end, as an editor may leave it.
			[ -z "$(tail -c 1 "$1" 2>/dev/null)" ] || echo >>"$1"
			echo "$line" >>"$1"
			chmod 0644 "$1"
		fi
	done
}
