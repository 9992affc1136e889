import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { checkHookFolder, frozenFilesystems, frozenMountPoints } from './freeze-answers.ts';
import { FilesystemVerdict, FreezeReportSchema } from './gen/agent/v1/filesystem_pb.ts';

describe('answers to foreign freezes', () => {
  it('a foreign quiesce lists what is frozen and what failed, and nothing that was left out', () => {
    const verdicts = Object.values(FilesystemVerdict).filter((verdict) => typeof verdict === 'number');
    const filesystems = verdicts.map((verdict) => ({ mountPoint: `/${verdict}`, verdict, error: '' }));
    const report = create(FreezeReportSchema, { filesystems });
    const { FROZEN, FAILED } = FilesystemVerdict;
    assert.deepEqual(
      frozenFilesystems(report).map(({ mountPoint, frozen }) => [mountPoint, frozen]),
      [
        [`/${FROZEN}`, true],
        [`/${FAILED}`, false],
      ].sort(),
    );
    assert.deepEqual(frozenMountPoints(report), [`/${FROZEN}`]);
  });

  it('hooks are only run from the two known folders, whatever a request names', () => {
    for (const folder of ['', '/etc/innkeeper/pre-freeze.d', '/etc/limiquantix/pre-freeze.d/'])
      checkHookFolder(folder, 'pre-freeze.d');
    for (const folder of ['/tmp', '/etc/innkeeper/post-thaw.d', '/etc/innkeeper/pre-freeze.d/../x'])
      assert.throws(() => checkHookFolder(folder, 'pre-freeze.d'), { reason: 'INVALID_ARGUMENT' });
  });
});
