import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { RunSpecSchema, StartRunRequestSchema } from '@innkeeper/contract/control';
import { runCommands } from '../run-command.ts';
import { formatTimeout, parseTimeout } from './parse-timeout.ts';
import { draftOf, draftProblems, draftRequest, emptyDraft, type RunDraft } from './run-draft.ts';

const request = (draft: Partial<RunDraft>) =>
  create(StartRunRequestSchema, draftRequest({ ...emptyDraft, vms: ['web-1'], ...draft }));

describe('what is filled in to start a run', () => {
  it('draftProblems reports the problem of each invalid field', () => {
    assert.deepEqual(Object.keys(draftProblems(emptyDraft)), ['command']);
    assert.deepEqual(draftProblems({ ...emptyDraft, command: 'id' }), {});
    const wrong: RunDraft = {
      ...emptyDraft,
      kind: 'script',
      script: ' \n',
      interpreter: 'bash',
      directory: 'tmp',
      timeout: '25h',
      environment: 'A=1\n2=3',
      where: 'filter',
      filter: 'state:flying',
    };
    assert.deepEqual(Object.keys(draftProblems(wrong)), [
      ...['script', 'interpreter', 'directory', 'timeout', 'environment', 'filter'],
    ]);
    assert.deepEqual(Object.keys(draftProblems({ ...emptyDraft, kind: 'script', script: 'ü'.repeat(600_000) })), [
      'script',
    ]);
  });

  it('draftRequest converts a draft to a request', () => {
    const { spec, vms, filter } = request({ command: 'echo a | wc', environment: 'A=1=2\n\nB=', timeout: '90' });
    assert.deepEqual([vms, filter], [['web-1'], '']);
    assert.deepEqual(spec?.argv, ['/bin/sh', '-c', 'echo a | wc']);
    assert.deepEqual(spec?.environment, { A: '1=2', B: '' });
    assert.deepEqual([spec?.timeoutMs, spec?.title, spec?.maxOutputBytes], [90_000, 'echo a | wc', 1_048_576n]);
  });

  it('draftRequest sends a filter only if targets are chosen by filter', () => {
    const byFilter = request({ command: 'id', where: 'filter', filter: 'tag:web' });
    assert.deepEqual([byFilter.vms, byFilter.filter], [[], 'tag:web']);
  });

  it('draftOf restores the draft of a run', () => {
    const draft: RunDraft = {
      ...emptyDraft,
      kind: 'script',
      script: 'exit 3\n',
      interpreter: '/bin/sh',
      user: 'bob',
      vms: ['a', 'b'],
      environment: 'A=1',
      timeout: '10m',
      outputMib: 4,
      title: 'Three',
    };
    assert.deepEqual(draftOf(request(draft).spec, ['a', 'b']), draft);
    const command: RunDraft = { ...emptyDraft, command: 'uname -a', vms: ['a'] };
    assert.deepEqual(draftOf(request(command).spec, ['a']), command);
    const named = create(RunSpecSchema, { script: '#!/bin/sh\n\n echo a\nexit', title: 'echo a' });
    assert.equal(draftOf(named).title, '');
    assert.equal(draftOf(create(RunSpecSchema, { argv: ['echo', "it's"] })).command, "echo 'it'\\''s'");
  });

  it('runCommands.start makes a one-word filter unambiguous', () => {
    const spec = create(RunSpecSchema, { argv: ['id'], maxOutputBytes: 4_194_304n });
    const command = runCommands.start(spec, { vms: [], filter: 'web' });
    assert.equal(command, "inn run --on 'web state:running' --max-output 4M -- id");
  });

  it('runCommands.start quotes everything for the shell', () => {
    const command = (draft: Partial<RunDraft>): string => {
      const { spec = create(RunSpecSchema), vms, filter } = request(draft);
      return runCommands.start(spec, { vms, filter });
    };
    assert.equal(command({ command: 'id' }), 'inn run --on web-1 -- /bin/sh -c id');
    assert.equal(
      command({ command: "echo '$(x)'", where: 'filter', filter: 'tag:env=prod web', user: 'bob', group: 'www' }),
      "inn run --on 'tag:env=prod web' -u bob --group www -- /bin/sh -c 'echo '\\''$(x)'\\'''",
    );
    assert.equal(
      command({ kind: 'script', script: 'exit', title: 'T', timeout: '90s' }),
      'inn run --script FILE --on web-1 --timeout 90s --title T',
    );
  });
});

describe('a timeout', () => {
  for (const [text, ms] of [
    ['90', 90_000],
    ['1h 30m', 5_400_000],
    ['1.5s', 1500],
    ['250ms', 250],
    ['10 min', 600_000],
    ['', undefined],
    ['soon', undefined],
    ['5x', undefined],
  ] as const)
    it(`parseTimeout parses "${text}" as ${ms} ms`, () => assert.equal(parseTimeout(text), ms));

  it('parseTimeout reverses formatTimeout', () => {
    for (const ms of [1, 1500, 90_000, 60_000, 5_400_000, 86_400_000])
      assert.equal(parseTimeout(formatTimeout(ms)), ms);
  });
});
