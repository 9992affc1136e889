# Removes the files of install-agent.sh, whose service has the same name and would start another agent.
take_over() {
	for file in /etc/systemd/system/innkeeper-agent.service /etc/init.d/innkeeper-agent; do
		if grep -q /usr/local/bin/innkeeper-agent "$file" 2>/dev/null; then
			rm -f "$file" /usr/local/bin/innkeeper-agent /usr/local/bin/innkeeper-agent.previous
			rm -f /etc/systemd/system/multi-user.target.wants/innkeeper-agent.service
		fi
	done
}
