import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hotFunctions, withHotFunctions } from './hot-functions.ts';

describe('hot functions of QuickJS', () => {
  const [first = '', ...others] = hotFunctions;
  const source = (text: string): string =>
    `${text}\n${others.map((name) => `int ${name}(void) { return 0; }`).join('\n')}`;

  it('the definition of a hot function is compiled for speed, and not its declaration', () => {
    const marked = withHotFunctions(
      source(
        `static int ${first}(int a,\n    int b);\nint cold(int a)\n{\n}\nstatic int ${first}(int a,\n    int b)\n{\n}`,
      ),
    );
    assert.deepEqual(
      marked.split('\n').filter((line) => line.includes(`${first}(`)),
      [`static int ${first}(int a,`, `__attribute__((optimize("O2"))) static int ${first}(int a,`],
    );
    assert.match(marked, /^int cold/m);
  });

  it('a hot function that QuickJS no longer has is an error', () => {
    assert.throws(() => withHotFunctions(source('int cold(int a)\n{\n}')), new RegExp(`does not define ${first}\\.`));
  });
});
