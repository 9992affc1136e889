import { readFile } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract/errors';
import { type Abortable, runProgram } from './host-tools/index.ts';

export interface DebianSources {
  /** The release by its code name: "bookworm". */
  readonly suite: string;
  /** Lines of sources.list: the host's mirrors of its distribution, without third-party sources. */
  readonly lines: readonly string[];
}

const defaultMirror = 'http://deb.debian.org/debian';

/**
 * The Debian release of the host and its configured mirrors. On a host that is not Debian: the current stable release
 * from Debian's default mirror. Rejects with IMAGE_BUILD_FAILED when apt does not answer.
 */
export async function findDebianSources({ signal }: Abortable = {}): Promise<DebianSources> {
  const release = await readFile('/etc/os-release', 'utf8');
  const suite = /^ID=debian$/m.test(release) ? /^VERSION_CODENAME=([a-z]+)$/m.exec(release)?.[1] : undefined;
  if (suite === undefined) return { suite: 'stable', lines: [`deb ${defaultMirror} stable main`] };
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const argv = ['indextargets', '--format', format, 'Created-By: Packages'];
  const { exitCode, stdout } = await runProgram('apt-get', argv, { signal });
  if (exitCode !== 0)
    throw new OperationError(
      'IMAGE_BUILD_FAILED',
      '"apt-get indextargets" failed, so the package sources are unknown.',
    );
  const wanted = new Set([suite, `${suite}-updates`, `${suite}-security`]);
  const lines = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(
      ([uri, name, component]) =>
        /\/debian(-security)?\/?$/.test(uri ?? '') && wanted.has(name ?? '') && component === 'main',
    )
    .map(([uri, name]) => `deb ${uri} ${name} main`);
  const hasRelease = lines.some((line) => line.includes(` ${suite} `));
  return { suite, lines: hasRelease ? [...new Set(lines)] : [`deb ${defaultMirror} ${suite} main`] };
}
