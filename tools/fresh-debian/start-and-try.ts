/**
 * A shell script that runs `npm start`, waits until it has printed its last lines, does what they and the README suggest,
 * and stops it with ^C. It prints the output of `npm start` and exits with 0 if everything worked.
 */
export const startAndTry = `set -u
npm start > /tmp/start.log 2>&1 &
start=$!
until grep -q 'leaves VMs running' /tmp/start.log; do
  kill -0 $start 2>/dev/null || { cat /tmp/start.log; echo 'npm start ended'; exit 1; }
  sleep 1
done
cat /tmp/start.log
set -ex
export PATH="$PWD/apps/cli/bin:$PATH"
inn exec hello -- uname -a
inn cp README.md hello:/root/
inn exec hello -- cat /root/README.md | cmp - README.md
inn ls
inn doctor hello
inn stop hello
kill -INT $start
`;
