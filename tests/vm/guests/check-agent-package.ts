import assert from 'node:assert/strict';
import { join } from 'node:path';
import { until } from '@innkeeper/kit/testing';
import { ownTarget } from '../../../tools/build-agent/targets.ts';
import { agentProduct, stageAgent } from '../../../tools/package/agent-product.ts';
import { buildDeb } from '../../../tools/package/build-deb.ts';
import { guestScript } from '../guest-shell.ts';
import { inn, innText } from '../inn.ts';

const root = join(import.meta.dirname, '../../..');

/** Installs the agent's Debian package in a guest by a command of the agent that the image has. `folder` is temporary. */
export async function checkAgentPackage(
  name: string,
  folder: string,
  options: { readonly dataDirectory: string },
): Promise<void> {
  const sh = (script: string): Promise<string> => guestScript(name, script, options);
  const tree = join(folder, 'agent-tree');
  stageAgent(root, tree, ownTarget);
  const spec = { root, tree, output: folder, target: ownTarget, version: '1.2.3', revision: '1' };
  const deb = buildDeb(agentProduct, { ...spec, quick: true, timeSeconds: 1_700_000_000 });
  await innText(['cp', deb, `${name}:/root/agent.deb`], options);
  const running = 'readlink "/proc/$(systemctl show -P MainPID innkeeper-agent)/exe"';
  const said = await sh(`dpkg --install /root/agent.deb; ${running}`);
  assert.match(said, /systemd-invoke restart innkeeper-agent/);
  assert.match(said, /^\/usr\/local\/bin\/innkeeper-agent \(deleted\)$/m);
  // The command ends with the old agent, before or after its exit code was reported.
  await inn(['exec', name, '--', 'systemctl', 'restart', '--no-block', 'innkeeper-agent'], options);
  const state = `systemctl is-enabled innkeeper-agent; systemctl show -P FragmentPath innkeeper-agent; ${running}`;
  const wanted = /^enabled\n(\/usr)?\/lib\/systemd\/system\/innkeeper-agent\.service\n\/usr\/bin\/innkeeper-agent\n$/;
  let seen = '';
  await until(
    async () => {
      const { stdout, stderr } = await inn(['exec', name, '--', 'sh', '-ec', state], options);
      seen = `${stdout}${stderr}`;
      return wanted.test(stdout.toString());
    },
    { withinMs: 60_000, everyMs: 200, what: () => `the agent of the package answers, not ${seen}` },
  );
}
