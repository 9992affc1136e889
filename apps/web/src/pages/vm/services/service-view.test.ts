import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type Unit, UnitBoot, UnitSchema, UnitState } from '@innkeeper/contract/agent';
import { actionRefusal, failedFirst, filterServices, listServicesCommand, serviceCommand } from './service-view.ts';

const unit = (init: Partial<Omit<Unit, '$typeName' | '$unknown'>>): Unit => create(UnitSchema, init);

describe('the list of services', () => {
  const units = [
    unit({ name: 'nginx.service', description: 'Web server', state: UnitState.RUNNING, boot: UnitBoot.ENABLED }),
    unit({ name: 'bad.service', state: UnitState.FAILED, boot: UnitBoot.DISABLED }),
    unit({ name: 'odd' }),
  ];

  it('services are filtered by words and state, and failed ones come first', () => {
    const named = (found: readonly Unit[]): string[] => found.map(({ name }) => name);
    assert.deepEqual(named(filterServices(units, 'WEB enabled', '')), ['nginx.service']);
    assert.deepEqual(named(filterServices(units, '', 'failed')), ['bad.service']);
    assert.deepEqual(named(filterServices(units, '.*', '')), []);
    assert.deepEqual(named(failedFirst(units)), ['bad.service', 'nginx.service', 'odd']);
  });

  it('actions that make no sense or would cut off the guest are refused with a reason', () => {
    const running = unit({ state: UnitState.RUNNING, boot: UnitBoot.ENABLED });
    assert.match(actionRefusal(running, 'start') ?? '', /running/);
    assert.equal(actionRefusal(running, 'stop'), undefined);
    assert.match(actionRefusal(running, 'enable') ?? '', /enabled/);
    assert.match(actionRefusal(unit({ ...running, agent: true }), 'stop') ?? '', /agent/);
    assert.match(actionRefusal(unit({ boot: UnitBoot.FIXED }), 'disable') ?? '', /generator/);
    assert.match(actionRefusal(unit({ boot: UnitBoot.MASKED }), 'start') ?? '', /masked/);
    assert.equal(actionRefusal(unit({}), 'start'), undefined, 'an unknown state allows both');
    assert.equal(actionRefusal(unit({}), 'stop'), undefined);
  });

  it('inn commands of services quote names', () => {
    assert.equal(serviceCommand('a b', 'stop', 'x\\x2dy.service'), "inn services stop 'a b' 'x\\x2dy.service'");
    assert.equal(listServicesCommand('web', 'failed'), 'inn services ls web --state failed');
  });
});
