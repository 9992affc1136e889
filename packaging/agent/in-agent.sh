# Whether a command of the agent runs this. A restart would end that command and leave the package half installed.
in_agent() {
	pid=$$
	while [ "${pid:-0}" -gt 1 ]; do
		if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = innkeeper-agent ]; then return 0; fi
		pid=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$pid/status" 2>/dev/null)
	done
	return 1
}

# Runs a command that starts or stops the agent, unless that would end the command that runs this.
unless_in_agent() {
	if in_agent; then
		echo "innkeeper-agent: a command of the agent runs this, so the agent is not restarted or stopped. Reboot, or run in a session outside of the agent: $*"
	else
		"$@" >/dev/null
	fi
}
