import { silentLog } from '@innkeeper/kit';
import { GuestFreezeState } from '../freeze-state.ts';
import { AgentLog } from '../log/agent-log.ts';
import { services } from '../services.ts';
import { createSuccession } from '../update/succession.ts';
import { FakeHost } from './fake-host.ts';

/**
 * Loads what an agent loads at the first call of each service. In Node that takes turns of the event loop, which a test
 * with a clock of its own does not see.
 */
export async function loadServices(): Promise<void> {
  const host = new FakeHost();
  const parts = {
    host,
    log: silentLog,
    agentLog: new AgentLog(host.clock),
    bootId: 'boot',
    freeze: new GuestFreezeState(),
    stopping: new AbortController().signal,
    startedMs: 0,
    partialFoldersPath: undefined,
    partialFolders: undefined,
    freezeHook: undefined,
    handleCounterPath: undefined,
    fileHandles: undefined,
    networkRecordPath: '/network.json',
    network: undefined,
    registry: undefined,
    updateKeysPath: '/update-keys',
    succession: createSuccession('instance', 0n),
    config: undefined,
    policy: undefined,
  };
  await Promise.all(Object.values(services).map((load) => load(parts)));
}
