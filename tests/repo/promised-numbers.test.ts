import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTracked } from './source-files.ts';

/** Words of a page, and the part of a source that has the same number. */
type Pair = readonly [words: string, file: string, code: string];

const limits = 'apps/innkeeper/src/edge/web/connection-limits.ts';
const sessions = 'apps/innkeeper/src/access/sessions.ts';
const runSpec = 'apps/innkeeper/src/node/runs/run-spec.ts';
const terminals = 'apps/innkeeper/src/node/terminals';
const api = 'apps/innkeeper/src/api';
const store = 'packages/store/src/repositories';
const history = 'apps/innkeeper/src/node/history/levels.ts';
const commands = 'packages/agent-core/src/process';
const link = 'packages/agent-client/src/links/native';
const message = 'packages/wire/src/agent-message/limits.ts';
const serving = 'packages/agent-core/src/serving/limits.ts';
const readConfig = 'packages/agent-core/src/config/read-config.ts';
const callLog = 'packages/agent-core/src/call-log.ts';
const series = 'packages/agent-core/src/dialects/agent-message/limits.ts';

/** Numbers that no generated page has. A change of one side fails here, and is made on the other side too. */
const pairs: Readonly<Record<string, readonly Pair[]>> = {
  'docs/operate/serve.md': [
    ['Stopping takes at most 10 s', 'apps/innkeeper/src/main/until-stopped.ts', 'stopTimeoutMs = 10_000'],
    ['| connections per listener | 2,000,', limits, 'mostConnections = 2000'],
    ['in the last 12 hours', 'apps/innkeeper/src/edge/web/connections.ts', 'trustedMs = 12 * 3_600_000'],
    ['an eighth, 250', limits, 'maxConnections / 8'],
    ['three quarters, 1,500', limits, '(maxConnections * 3) / 4'],
    ['| TLS handshake and first headers | 10 s |', limits, 'headersTimeoutMs: 10_000'],
    ['| idle time without a request | 60 s |', limits, 'idleTimeoutMs: 60_000'],
    ['to the end of its answer | 5 min |', limits, 'strangerRequestMs: 300_000'],
    ['| a stalled body or answer | 30 s; 5 min', limits, 'strangerStallMs: 30_000'],
    ['| a stalled body or answer | 30 s; 5 min', limits, ' stallMs: 300_000'],
    ["| a call's request | 30 s,", 'apps/innkeeper/src/edge/edge-server.ts', 'requestTimeoutMs = 30_000'],
    ["| a call's request | 30 s, 4 MiB |", 'apps/innkeeper/src/edge/rpc-handler.ts', 'maxRequestBytes = 4 * mib'],
    ['| headers | 16 KiB |', limits, 'maxHeaderBytes: 16 * 1024'],
    ['| 100; 100 |', limits, 'maxStreams: 100'],
    ['| 100; 100 |', limits, 'maxSettings: 100'],
    ['| 200 in 10 s |', limits, 'maxResets: 200'],
    ['| 200 in 10 s |', 'apps/innkeeper/src/edge/web/http-listener.ts', 'resetWindowMs = 10_000'],
    ['figures every 15 s', `${api}/metrics/remote-write.ts`, 'intervalMs = 15_000'],
    ['the last 250,000 values', `${api}/metrics/remote-write.ts`, 'maxWaitingSamples = 250_000'],
    ['once 64 MiB are free', 'apps/innkeeper/src/node/node.ts', 'resumeFreeBytes = 64 * mib'],
    ['with 30 s for each of the first two', 'packages/hypervisor/src/lifecycle.ts', 'defaultStopTimeoutMs = 30_000'],
  ],
  'docs/develop/setting-up.md': [
    ['^C ends npm within 3 s', 'tools/setup/run-logged.mjs', 'killAfterMs = 3000'],
    ['still running 60 s after its last test', 'tools/run-tests.ts', 'graceMs ?? 60_000'],
    ['gives up after 30 s', 'packages/kit/src/testing/until.ts', 'withinMs = 30_000'],
  ],
  'docs/operate/backups.md': [
    ['10 s from the last file system frozen', 'packages/contract/src/limits.ts', 'default: 10_000, max: 3_600_000'],
    ['which `inn` renews every 2.5 s', 'packages/client/src/core/hold-freeze.ts', 'renewalsPerLease = 4'],
    ['the lease is 60 s (`--for`, at most an hour)', 'apps/cli/src/commands/freeze.ts', 'defaultForMs = 60_000'],
    ['may take 2 minutes', 'packages/agent-core/src/filesystem/freezer-session.ts', 'syncMs = 120_000'],
    ['freezing 20 s', 'packages/agent-core/src/filesystem/freezer-session.ts', 'freezeMs = 20_000'],
    ['at most 32 of each', 'packages/contract/src/limits.ts', 'maxHooks = 32'],
    [
      'each for at most 10 s (`--hook-timeout`, at most 5 min)',
      'packages/contract/src/limits.ts',
      'default: 10_000, max: 300_000',
    ],
    ['KILL after 5 s', 'apps/cli/src/commands/host-command.ts', 'killAfterMs = 5000'],
  ],
  'docs/develop/web.md': [['at most 190 kB gzip', 'tests/bench/control/first-load.ts', 'atMost: 190']],
  'docs/operate/users.md': [
    ['It works once, within 10 minutes', sessions, 'loginLinkMs = 600_000'],
    ['10 to 1,024 bytes', 'apps/innkeeper/src/access/passwords.ts', 'maxPasswordBytes = 1024'],
    ['argon2id (19 MiB, two passes)', 'apps/innkeeper/src/access/passwords.ts', 'memory: 19_456, passes: 2'],
    ['90 days unless', 'apps/innkeeper/src/edge/access/own-account-methods.ts', 'defaultLifetimeDays = 90'],
    ['20 entries at once', 'apps/innkeeper/src/edge/entry-limit.ts', 'burst: 20, intervalMs: 600_000'],
  ],
  'docs/operate/agent.md': [
    ['telemetry_interval_secs = 5     # 1 to 3600', readConfig, "'telemetry_interval_secs', 1, 3600"],
    ['telemetry_interval_secs = 5 ', series, 'telemetryIntervalMs = 5_000'],
    ['max_exec_timeout_secs = 300     # 1 to 86400', readConfig, "'max_exec_timeout_secs', 1, 86_400"],
    ['may take 300 s, or up to a day', message, 'defaultExecTimeoutSeconds = 300'],
    ['# 4096 to 1048576 bytes', readConfig, "'max_chunk_size', 4096, 1_048_576"],
    ['Beyond 20 lines of one method in 10 seconds', callLog, 'maxLines = 20'],
    ['Beyond 20 lines of one method in 10 seconds', callLog, 'withinMs = 10_000'],
  ],
  'docs/operate/inn.md': [
    ['128 KiB each, 2 MiB together', `${commands}/spawn-error.ts`, 'maxArgumentBytes = 131_072'],
    ['128 KiB each, 2 MiB together', `${commands}/spawn-error.ts`, 'maxTotalBytes = 2_097_152'],
    ['A second ^C within a second', 'apps/cli/src/commands/connect-terminal.ts', 'secondInterruptMs = 1000'],
    ['gets HUP after a minute', 'packages/client/src/core/exec.ts', 'hangupAfterMs = 60_000'],
    ['waits up to a minute for the daemon', 'packages/client/src/core/resume.ts', 'defaultWithinMs = 60_000'],
    ['printed nothing for 2 seconds', `${commands}/managed-process.ts`, 'quietMs = 2000'],
    ['1 MiB by default, at most 16 MiB', runSpec, 'defaultOutputBytes = 1024 * 1024'],
    ['1 MiB by default, at most 16 MiB', runSpec, ' maxOutputBytes = 16 * 1024 * 1024'],
    ['is ended after an hour', runSpec, 'defaultTimeoutMs = 60 * 60 * 1000'],
    ['KILL after 5 seconds', 'apps/innkeeper/src/node/runs/end-tree.ts', 'cancelGraceMs = 5000'],
    ['after 24 hours without a viewer', `${terminals}/terminal-manager.ts`, 'unseenMs = 24 * 60 * 60_000'],
    ['the newest 200 of each VM', `${store}/events.ts`, 'maxEventsOfVm = 200'],
  ],
  'docs/operate/filter.md': [
    ['at most 2,000 characters', 'packages/contract/src/vm-filter/parse-vm-filter.ts', 'maxFilterCharacters = 2000'],
    ['less than 3 minutes ago', 'packages/contract/src/vm-figures.ts', 'agentBootMs = 180_000'],
  ],
  'docs/operate/images.md': [
    ['within 24 hours', 'apps/innkeeper/src/node/images/image-uploads.ts', 'keptMs = 24 * 60 * 60 * 1000'],
  ],
  'docs/operate/data.md': [
    ['operations after 7 days', `${store}/operations.ts`, 'operationRetentionMs = 7 * 24 * 60 * 60 * 1000'],
    ['events beyond 10,000', `${store}/events.ts`, 'maxEvents = 10_000'],
  ],
  'docs/operate/replicas.md': [
    ['after up to 20 seconds', 'apps/innkeeper/src/relay/node-watch.ts', 'intervalMs = 5_000, timeoutMs = 5_000'],
    ['within 3 seconds for open streams', 'apps/innkeeper/src/main/start-control.ts', 'recheckMs = 3_000'],
  ],
  'docs/protocol/http.md': [
    ['100 streams on one HTTP/2 connection', limits, 'maxStreams: 100'],
    ['more than 128 KiB are not acknowledged', `${api}/exec-window.ts`, 'execWindowBytes = 128 * kib'],
    ['(at most 1,000; 0: 200)', 'packages/contract/src/limits.ts', 'maxPageSize = 1000'],
    ['(at most 1,000; 0: 200)', 'packages/contract/src/limits.ts', 'defaultPageSize = 200'],
    ['expires after 90 days', 'apps/innkeeper/src/edge/access/own-account-methods.ts', 'defaultLifetimeDays = 90'],
    ['12 hours after its last use', sessions, 'sessionIdleMs = 12 * hourMs'],
    ['7 days after the login', sessions, 'sessionMaxMs = 7 * 24 * hourMs'],
    ['or within 15 seconds', 'apps/innkeeper/src/access/access.ts', 'recheckIntervalMs = 15_000'],
    ['After ten wrong passwords', 'apps/innkeeper/src/access/login.ts', 'burst: 10, intervalMs: 30_000'],
    ['or twenty from one address', 'apps/innkeeper/src/access/login.ts', 'burst: 20, intervalMs: 10_000'],
    ["4 MiB for a call's request", 'apps/innkeeper/src/edge/rpc-handler.ts', 'maxRequestBytes = 4 * mib'],
    ['16 KiB and 10 seconds for headers', limits, 'maxHeaderBytes: 16 * 1024'],
    ['60 seconds for a connection', limits, 'idleTimeoutMs: 60_000'],
    ['2,000 connections per listener', limits, 'mostConnections = 2000'],
    ['up to 10,000 events', `${store}/events.ts`, 'maxEvents = 10_000'],
    ['every 5 s for a day', history, 'stepMs: 5_000, slots: 120, retentionMs: dayMs'],
    ['every minute for two weeks', history, 'stepMs: 60_000, slots: 120, retentionMs: 14 * dayMs'],
    ['every 15 minutes for a year', history, 'stepMs: 900_000, slots: 96, retentionMs: 366 * dayMs'],
    ['the partial file for an hour', 'packages/agent-core/src/file/partial-files.ts', 'keepPartialMs = 60 * 60 * 1000'],
    ['A message has at most 4 MiB', `${api}/exec-socket.ts`, 'maxBufferedBytes = 4 * 1024 * 1024'],
    ['2,162,688 bytes', 'packages/contract/src/limits.ts', 'maxRequestBytes = 2 * 1024 * 1024 + 64 * 1024'],
    ['the last 256 KiB of consumed output', `${commands}/output-ring.ts`, 'historyLimitBytes = 256 * 1024'],
    ['not continued for 24 hours', 'apps/innkeeper/src/node/images/image-uploads.ts', 'keptMs = 24 * 60 * 60 * 1000'],
    ['The newest 10,000 runs', `${store}/runs.ts`, 'maxRuns = 10_000'],
    ['at most 4 GiB of output', `${store}/runs.ts`, 'maxOutputBytes = 4 * 1024 ** 3'],
    ['1 GiB per run', 'apps/innkeeper/src/node/runs/run-manager.ts', 'maxRunBytes = 1024 * 1024 * 1024'],
    ['2,000 lines of scrollback', `${terminals}/terminal-screen.ts`, 'scrollbackLines = 2000'],
    ['at most 16, and a node 256', `${terminals}/terminal-manager.ts`, 'maxPerVm = 16'],
    ['at most 16, and a node 256', `${terminals}/terminal-manager.ts`, 'maxTerminals = 256'],
    ['more than 256 KiB of it unacknowledged', `${terminals}/viewer.ts`, 'viewerWindowBytes = 256 * kib'],
    ['more than 64 KiB of input unread', `${api}/terminal-socket.ts`, 'maxWaitingBytes = 64 * kib'],
    ['the first 64 KiB', 'packages/hypervisor/src/console-history.ts', 'consoleHeadBytes = 64 * kib'],
    ['the latest 192 KiB', 'packages/hypervisor/src/console-history.ts', 'consoleTailBytes = 192 * kib'],
  ],
  'docs/protocol/compatibility.md': [
    ['The body has at most 4 MiB', 'apps/innkeeper/src/api/compat/json-body.ts', 'maxBodyBytes = 4 * 1024 * 1024'],
    ['output beyond 4 MiB', `${api}/compat/guest-command.ts`, 'maxOutputBytes = 4 * 1024 * 1024'],
    ['(default 30, at most 300)', `${api}/compat/guest-command.ts`, 'defaultTimeoutMs = 30_000'],
    ['(at most 64 MiB, default 10)', `${api}/compat/guest-answers.ts`, 'maxReadBytes = 64 * 1024 * 1024'],
    ['(at most 64 MiB, default 10)', `${api}/compat/guest-answers.ts`, 'defaultReadBytes = 10 * 1024 * 1024'],
  ],
  'docs/protocol/native.md': [
    ['refuses them when none has for 5 s', `${link}/session/native-session.ts`, 'placeWithinMs = 5000'],
    ['it keeps four places', `${link}/session/native-session.ts`, 'keptPlaces = 4'],
    ['the buffer of 256 KiB', `${commands}/output-ring.ts`, 'unreadLimitBytes = 256 * 1024'],
    ['is kept for 60 s', `${commands}/managed-process.ts`, 'reconnectMs = 60_000'],
    ['until none came for 2 s', `${commands}/managed-process.ts`, 'quietMs = 2000'],
    ['at most 64 commands', `${commands}/process-registry.ts`, 'maxRunning = 64'],
    ['is refused when none has for 5 s', `${commands}/process-registry.ts`, 'placeWithinMs = 5000'],
    ['pings after 5 s', `${link}/keep-alive.ts`, 'pingAfterMs = 5000'],
    ['lost after 15 s', `${link}/keep-alive.ts`, 'lostAfterMs = 15_000'],
    ['512 KiB of credit', `${link}/session/native-session.ts`, 'wide: 512 * 1024, narrow: 64 * 1024, wideCalls: 8'],
  ],
  'docs/protocol/agent-message.md': [
    ['1 to 16,777,216', message, 'maxMessageBytes = 16 * 1024 * 1024'],
    ['1,052,672 bytes', message, 'maxRequestBytes = 1024 * 1024 + 4096'],
    ['| 16, and 2 MiB of request bytes', serving, 'maxRunningCalls = 16'],
    ['| 16, and 2 MiB of request bytes', serving, 'requestBudgetBytes = 2 * 1024 * 1024'],
    ['| 4 MiB together', serving, 'answerBudgetBytes = 4 * 1024 * 1024'],
    ['| 32; then no request', serving, 'maxUnsentMessages = 32'],
    ['stalls for 10 s', serving, 'stallMs = 10_000'],
    ['`timeout_seconds` 0 is 300', message, 'defaultExecTimeoutSeconds = 300'],
    ['at most 86,400', message, 'maxExecTimeoutSeconds = 86_400'],
    ['0 is 1 MiB, at most 2 MiB', message, 'defaultOutputBytes = 1024 * 1024'],
    ['0 is 1 MiB, at most 2 MiB', message, ' maxOutputBytes = 2 * 1024 * 1024'],
    ['(0: 64 KiB; at most 1 MiB)', message, 'defaultReadBytes = 64 * 1024'],
    ['(0: 64 KiB; at most 1 MiB)', message, 'maxReadBytes = 1024 * 1024'],
    ['every 5 s and on change', series, 'telemetryIntervalMs = 5_000'],
    ['a next chunk for 60 s', series, 'uploadIdleMs = 60_000'],
  ],
};

/** Whether a text has the words, and no further digit directly after them. */
function has(text: string, words: string): boolean {
  return text.split(words).some((rest, index) => index > 0 && !/^[\d_]/.test(rest));
}

describe('numbers of limits', () => {
  it('numbers in the docs are those of the code', () => {
    const wrong = Object.entries(pairs).flatMap(([page, ofPage]) =>
      ofPage.flatMap(([words, file, code]) => {
        const problems: string[] = [];
        if (!has(readTracked(page), words)) problems.push(`${page} does not say "${words}", as ${file} has "${code}"`);
        if (!has(readTracked(file), code)) problems.push(`${file} has no "${code}", as ${page} says "${words}"`);
        return problems;
      }),
    );
    assert.deepEqual(wrong, []);
  });
});
