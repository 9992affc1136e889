import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { defaultDataFolder } from '../node/data/data-folder.ts';

/** Where a checkout has `inn` and `innkeeper`. Packages put them into the PATH. */
const programs = join(import.meta.dirname, '../../../cli/bin');

/**
 * What a person enters in a fresh shell, so that `inn` is found there and finds the daemon of this data folder: one
 * command per element, none when nothing is needed. Default of `programsFolder`: the one of this checkout.
 */
export function shellSetup(
  dataPath: string,
  environment: NodeJS.ProcessEnv,
  programsFolder = programs,
): readonly string[] {
  const lines: string[] = [];
  const inn = join(programsFolder, 'inn');
  if (existsSync(inn) && !isInstalled(inn, environment)) lines.push(`export PATH=${quote(programsFolder)}:"$PATH"`);
  if (resolve(dataPath) !== resolve(defaultDataFolder(environment)))
    lines.push(`export INNKEEPER_DATA=${quote(resolve(dataPath))}`);
  return lines;
}

/** Whether every shell finds it: by a link in the PATH, as packages make it. This shell's own PATH says nothing. */
function isInstalled(inn: string, environment: NodeJS.ProcessEnv): boolean {
  const links = (environment['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'inn'));
  return links.some((link) => link !== inn && existsSync(link) && realpathSync(link) === realpathSync(inn));
}

/** A word of a POSIX shell; quoted where it has to be. */
function quote(text: string): string {
  return /^[\w/.,:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
