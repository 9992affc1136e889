import type { Log, LogFields } from '@innkeeper/kit';
import { loadSettings } from '../config/load-settings.ts';
import { type FakeAgent, startFakeAgent } from './fake-agent.ts';
import { FakeHost } from './fake-host.ts';
import type { ManualClock } from './manual-clock.ts';

const configPath = '/etc/innkeeper/agent.toml';

/** An agent in a fake guest with a configuration file; `lines` has what it logged: "info call method=…". */
export async function startLimitedAgent(
  config: string,
  host: FakeHost = new FakeHost(),
): Promise<FakeAgent<ManualClock> & { readonly lines: string[] }> {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      const rest = Object.entries(fields).filter(([, value]) => value !== undefined);
      lines.push([level, event, ...rest.map(([name, value]) => `${name}=${value}`)].join(' '));
    };
  const log: Log = {
    debug: () => undefined,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: () => log,
  };
  host.files.put(configPath, config);
  return { ...(await startFakeAgent(host, { ...(await loadSettings(host, configPath, log)), log })), lines };
}
