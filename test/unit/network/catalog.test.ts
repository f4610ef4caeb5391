import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Catalog } from '../../../runtime/network/catalog.js';
import { machineNames } from '../../../runtime/network/names.js';
import { PoolClaims } from '../../../runtime/network/pool-claims.js';
import { openStore } from '../../../runtime/state/lmdb-store.js';

const catalog = suite('catalog of networks');

catalog('a subnet is claimed from create to remove', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dv-catalog-'));
  const names = machineNames(folder);
  const store = openStore(join(folder, 'store'));
  try {
    const networks = new Catalog(store, names, new PoolClaims(join(folder, 'claims'), names.hash));
    const claimed = async () =>
      (JSON.parse(await readFile(join(folder, 'claims', `${names.hash}.json`), 'utf8')) as { subnets: string[] })
        .subnets;
    const request = {
      ...{ name: 'one', driver: 'bridge', internal: false, attachable: false, enableIPv6: false },
      ...{ ipam: [{ subnet: '10.231.0.0/24' }], ipamOptions: null, options: {}, labels: {} },
    };
    const { id } = await networks.create(request);
    assert.equal(await claimed(), ['10.231.0.0/24']);
    await networks.remove(id);
    await networks.settled();
    assert.equal(await claimed(), []);
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
});

catalog.run();
