import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { stripVTControlCharacters } from 'node:util';
import { OpenFiles } from './open-files.ts';
import type { Finding } from './test-results.ts';

/** The environment variable with the timeout of a test and the grace period of a file, in milliseconds. */
export const limitsVariable = 'INNKEEPER_TEST_LIMITS';

/** Lines of a file's stderr that are kept for the case that it crashes. */
const keptLines = 15;

/**
 * A node:test reporter that writes one JSON line a test: passed, failed with its error, or skipped with its reason; and one
 * a file: how long it took. What
 * node:test would hide is a failure: a test that is marked as todo, a skip without a reason, and an error after the end of
 * a test.
 */
export default async function* resultReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileState>();
  const [timeoutMs = 0, graceMs = 0] = (process.env[limitsVariable] ?? '').split(' ').map(Number);
  const open = new OpenFiles({ timeoutMs, graceMs });
  for await (const event of source) {
    const { entryFile, file } = event.data as TestData;
    open.take({ type: event.type, entryFile, file });
    for (const [path, why] of open.ended) fileOf(files, { entryFile: path }).ended = why;
    for (const finding of findingsOf(event, files)) yield `${JSON.stringify(finding)}\n`;
  }
}

/** What is remembered of a file in case that its process ends without reporting its tests. */
interface FileState {
  /** Why the runner ended it. */
  ended?: string;
  /** Titles of tests that have begun, by id. */
  readonly running: Map<number, string>;
  stderr: string[];
  /** Errors that node:test prints but attributes to no test. */
  readonly strayErrors: string[];
  failed: boolean;
}

/** The properties of events that are used here; node:test's own types do not have all of them. */
interface TestData {
  readonly name: string;
  readonly testId?: number;
  readonly type?: string;
  readonly file?: string;
  /** Absent in what the runner itself reports about a file. */
  readonly entryFile?: string;
  readonly line?: number;
  readonly classname?: string;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly message?: string;
  readonly success?: boolean;
  readonly duration_ms?: number;
  readonly details?: { readonly type?: string; readonly error?: TestError };
}

interface TestError extends Error {
  readonly failureType?: string;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
}

function findingsOf(event: TestEvent, files: Map<string, FileState>): Finding[] {
  const data = event.data as unknown as TestData;
  const file = fileOf(files, data);
  switch (event.type) {
    case 'test:dequeue':
      if (data.entryFile !== undefined && data.testId !== undefined) file.running.set(data.testId, data.name);
      return [];
    case 'test:stderr':
      file.stderr = [...file.stderr, ...(data.message ?? '').split('\n').filter((line) => line.trim() !== '')].slice(
        -keptLines,
      );
      return [];
    case 'test:diagnostic':
      if (data.entryFile !== undefined && data.message?.startsWith('Error: ') === true)
        file.strayErrors.push(data.message);
      return [];
    case 'test:pass':
    case 'test:fail': {
      if (data.testId !== undefined) file.running.delete(data.testId);
      const finding = event.type === 'test:pass' ? passed(data) : failed(data, file);
      if (finding?.failure !== undefined) file.failed = true;
      return finding === undefined ? [] : [finding];
    }
    case 'test:summary':
      // The whole suite has a summary, too, without a file.
      return data.entryFile === undefined ? [] : summary(data, data.entryFile, file);
    default:
      return [];
  }
}

function summary(data: TestData, path: string, file: FileState): Finding[] {
  const took: Finding = { took: { file: shown(path), ms: data.duration_ms ?? 0 } };
  if (data.success !== false || file.failed) return [took];
  file.failed = true;
  return [took, { failure: { where: shown(path), title: 'after its tests', error: file.strayErrors.join('\n') } }];
}

function fileOf(files: Map<string, FileState>, data: Pick<TestData, 'entryFile' | 'file'>): FileState {
  const path = shown(data.entryFile ?? data.file ?? '');
  const known = files.get(path) ?? { running: new Map(), stderr: [], strayErrors: [], failed: false };
  files.set(path, known);
  return known;
}

function passed(data: TestData): Finding | undefined {
  if (data.todo !== undefined) return { failure: { ...place(data), error: todoError(data.todo) } };
  if (data.skip === true || data.skip === '')
    return { failure: { ...place(data), error: 'It is skipped without a reason: { skip: reason }.' } };
  if (typeof data.skip === 'string') return { skipped: data.skip };
  return data.details?.type === 'suite' ? undefined : {};
}

function failed(data: TestData, file: FileState): Finding | undefined {
  const error = data.details?.error;
  if (data.todo !== undefined)
    return { failure: { ...place(data), error: `${todoError(data.todo)}\n${textOf(error)}` } };
  // What failed inside is reported for itself.
  if (error?.failureType === 'subtestsFailed') return undefined;
  if (data.entryFile === undefined) {
    // After an error that was attributed to no test, the file's process ends with exit code 1.
    return file.failed && error?.exitCode === 1 ? undefined : { failure: crash(data, file) };
  }
  return { failure: { ...place(data), error: textOf(error) } };
}

/** A file whose process ended by itself before it had reported all of its tests. */
function crash(data: TestData, file: FileState): NonNullable<Finding['failure']> {
  const { exitCode, signal } = data.details?.error ?? {};
  const own = signal == null ? `ended with exit code ${exitCode ?? 'unknown'}` : `ended by ${signal}`;
  const end = file.ended === undefined ? own : `was ended because ${file.ended}`;
  const running = [...file.running.values()];
  const during = running.length === 0 ? '' : ` during ${running.map((title) => `“${title}”`).join(' › ')}`;
  const where = shown(data.file ?? data.name);
  return {
    where,
    title: 'the whole file',
    error: [`The file’s process ${end}${during}.`, ...file.stderr].join('\n'),
  };
}

function place(data: TestData): { where: string; title: string } {
  const file = shown(data.file ?? data.entryFile ?? '');
  // A hook outside of all groups has the path of its file as its name.
  const own = data.name === data.entryFile ? 'hooks of the file' : data.name;
  const title = [...(data.classname === undefined ? [] : [data.classname]), own].join(' › ');
  return { where: data.line === undefined ? file : `${file}:${data.line}`, title };
}

function shown(path: string): string {
  return path.startsWith('/') ? relative(process.cwd(), path) : path;
}

function textOf(error: TestError | undefined): string {
  const cause = error?.cause;
  if (cause instanceof Error) return stripVTControlCharacters(cause.stack ?? cause.message);
  return stripVTControlCharacters(String(cause ?? error?.message ?? 'no error was reported'));
}

function todoError(todo: string | boolean): string {
  return `It is marked as todo${typeof todo === 'string' && todo !== '' ? ` (“${todo}”)` : ''}, which hides its result.`;
}
