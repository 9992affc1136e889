import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { innText } from './inn.ts';

const packaging = join(import.meta.dirname, '../../packaging');

/** In place of the daemon: starts a "VM", which it writes down, and then does nothing, as the daemon between two requests. */
const daemon = `#!/bin/sh
[ "$*" = "serve --listen none" ] || exit 2
[ -w "$INNKEEPER_DATA" ] && ! [ -w /usr ] || exit 1
setsid sleep 5000 &
echo $! >>"$INNKEEPER_DATA/vms"
exec sleep 6000
`;

const files: Readonly<Record<string, string>> = {
  '/usr/bin/innkeeper': daemon,
  '/etc/innkeeper/innkeeper.conf': 'INNKEEPER_OPTIONS="--listen none"\n',
  '/usr/lib/systemd/system/innkeeper.service': readFileSync(join(packaging, 'systemd/innkeeper.service'), 'utf8'),
};

/** One command, since each costs seconds where the guest has no KVM. */
const script = `
put() { mkdir -p "$(dirname "$1")"; cat >"$1"; }
${Object.entries(files)
  .map(([path, text]) => `put ${path} <<'END_OF_FILE'\n${text}END_OF_FILE\n`)
  .join('')}
${readFileSync(join(packaging, 'daemon/make-user.sh'), 'utf8')}
chmod 755 /usr/bin/innkeeper
make_user
systemctl daemon-reload
vms=/var/lib/innkeeper/vms
say() { echo "$1: $(systemctl show -P MainPID innkeeper) $(stat -c %U "/proc/$vm" || echo gone)"; }
systemctl start innkeeper
tries=0
until [ -s $vms ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || exit 1; sleep 0.1; done
vm=$(head -n 1 $vms)
grep '^0::' "/proc/$vm/cgroup"
say started
systemctl restart innkeeper
say restarted
systemctl stop innkeeper
say stopped
kill $(cat $vms)
`;

/** Has the systemd of a guest start, restart and stop innkeeper.service: the processes of VMs live on. */
export async function checkServiceUnit(name: string, options: { readonly dataDirectory: string }): Promise<void> {
  const said = await innText(['exec', name, '--', 'sh', '-ec', script], options);
  const found =
    /^0::\/innkeeper\.slice\/innkeeper\.service\nstarted: (\d+) innkeeper\nrestarted: (\d+) innkeeper\nstopped: 0 innkeeper\n$/.exec(
      said,
    );
  assert.ok(found !== null, said);
  assert.notEqual(found[1], found[2]);
}
