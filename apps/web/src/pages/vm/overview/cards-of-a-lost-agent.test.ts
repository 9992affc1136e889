import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { before, describe, it, mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { AgentState, type Vm, VmSchema, VmState } from '@innkeeper/contract/control';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { transformSync } from 'esbuild';
import { type ComponentType, createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

/** Node cannot load JSX or styles. */
registerHooks({
  load(url, context, next) {
    if (url.endsWith('.css')) return { format: 'module', source: '', shortCircuit: true };
    if (!url.endsWith('.tsx')) return next(url, context);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    const { code } = transformSync(text, { loader: 'tsx', jsx: 'automatic', sourcefile: url });
    return { format: 'module', source: code, shortCircuit: true };
  },
});

const minuteNs = 60_000_000_000n;

function vmWith(state: AgentState): Vm {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  return create(VmSchema, {
    name: 'web-1',
    state: VmState.RUNNING,
    cpus: 1,
    agent: { state, telemetryUnixNs: nowNs - 7n * minuteNs },
    system: { hostname: 'guest' },
    telemetry: {
      cpu: { busyPercent: 42 },
      memory: { usedBytes: 3n, totalBytes: 4n },
      mounts: [{ mountPoint: '/', filesystem: 'ext4', usedBytes: 1n, availableBytes: 1n, totalBytes: 2n }],
      interfaces: [{ name: 'eth0', rxBytes: 5n }],
      users: [{ name: 'alice', terminal: 'tty1' }],
    },
  });
}

/** A card as text. */
async function textOf(path: string, name: string, vm: Vm): Promise<string> {
  const module = (await import(path)) as Record<string, ComponentType<{ readonly vm: Vm }>>;
  const card = createElement(module[name] ?? assert.fail(`${path} has no ${name}`), { vm });
  const withData = createElement(QueryClientProvider, { client: new QueryClient() }, card);
  const html = renderToStaticMarkup(createElement(MantineProvider, null, withData));
  return html
    .replaceAll(/<style.*?<\/style>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

/** What each card shows of the last report. */
const cards = [
  ['usage', 'UsageCard', /Memory/],
  ['identity', 'IdentityCard', /guest/],
  ['mounts', 'MountsCard', /ext4/],
  ['interfaces', 'InterfacesCard', /eth0/],
  ['users', 'UsersCard', /alice/],
] as const;

describe('the cards of a VM whose agent is lost', () => {
  // The clock of the page runs as long as the page.
  before(() => mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_700_000_000_000 }));

  for (const [file, name, figure] of cards)
    it(`the card "${file}" shows the age of the last report, and none that would be taken for current`, async () => {
      const path = `./${file}-card.tsx`;
      const lost = await textOf(path, name, vmWith(AgentState.LOST));
      assert.match(lost, /reported 7 min ago/);
      assert.match(lost, figure);
      assert.doesNotMatch(lost, /42 %|75 %/);
      const without = vmWith(AgentState.LOST);
      delete without.telemetry;
      delete without.agent?.telemetryUnixNs;
      assert.doesNotMatch(await textOf(path, name, without), /reported \d|ext4|eth0|alice|42 %/);
      if (name !== 'UsageCard')
        assert.doesNotMatch(await textOf(path, name, vmWith(AgentState.CONNECTED)), /reported (now|\d)/);
    });
});
