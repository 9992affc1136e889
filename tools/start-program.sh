# Read by the programs in apps/cli/bin: start_program NAME MAIN "$@" runs MAIN, a TypeScript file of this checkout, on
# the Node that the lock file pins, or else on the one in the PATH.

start_program() {
	name=$1
	main=$2
	shift 2
	case $(uname -m) in
	aarch64 | arm64) arch=arm64 ;;
	*) arch=x64 ;;
	esac
	# By its own path: old versions of npm remove node_modules/.bin/node.
	node=$root/node_modules/node-linux-$arch/bin/node
	if ! [ -x "$node" ]; then
		node=$(command -v node) || refuse "no Node was found. Run \"npm start\" in $root, which installs the right one."
		# Asked here, since an old Node cannot even read the TypeScript that would refuse it.
		version=$("$node" --version)
		number=${version#v}
		major=${number%%.*}
		minor=${number#*.}
		minor=${minor%%.*}
		[ "$major" -gt 24 ] 2>/dev/null || { [ "$major" -eq 24 ] && [ "$minor" -ge 7 ]; } 2>/dev/null ||
			refuse "Node 24.7 or later is needed, and $node is $version. Run \"npm start\" in $root, which installs the right one."
	fi
	exec "$node" "$root/$main" "$@"
}

refuse() {
	echo "$name: $1" >&2
	exit 1
}
