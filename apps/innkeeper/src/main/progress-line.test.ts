import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ProgressLine } from './progress-line.ts';

/** A stream that keeps what is written, with timers and clock in the hands of the test. */
function recorded(
  context: TestContext,
  isTTY: boolean,
): { line: ProgressLine; written: string[]; pass(ms: number): void } {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let nowMs = 0;
  context.mock.method(performance, 'now', () => nowMs);
  const written: string[] = [];
  const line = new ProgressLine({ isTTY, columns: 40, write: (text) => written.push(text) });
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 1000) {
      nowMs += 1000;
      context.mock.timers.tick(1000);
    }
  };
  return { line, written, pass };
}

describe('the progress line of npm start', () => {
  it('counts the seconds of a step on a terminal, from 2 s on', (context) => {
    const { line, written, pass } = recorded(context, true);
    line.show('making the disk', 0.5);
    pass(3000);
    line.clear();
    assert.deepEqual(written, [
      '\r\u001b[2Kmaking the disk 50 %',
      '\r\u001b[2Kmaking the disk 50 % … 2 s',
      '\r\u001b[2Kmaking the disk 50 % … 3 s',
      '\r\u001b[2K',
    ]);
  });

  it('prints a line every 15 s while a step lasts, if stderr is not a terminal', (context) => {
    const { line, written, pass } = recorded(context, false);
    line.show('waiting for the agent');
    line.show('waiting for the agent', 0.1);
    pass(31_000);
    line.clear();
    pass(31_000);
    assert.deepEqual(written, [
      'waiting for the agent\n',
      'waiting for the agent 10 % … 15 s\n',
      'waiting for the agent 10 % … 30 s\n',
    ]);
  });

  it('is never wider than the terminal', (context) => {
    const { line, written } = recorded(context, true);
    line.show('x'.repeat(100));
    assert.equal(written[0], `\r\u001b[2K${'x'.repeat(39)}`);
    line.clear();
  });
});
