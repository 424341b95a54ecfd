import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { INVENTORY_STREAM, INVENTORY_SUBJECTS, SAMPLES_STREAM, SAMPLE_SUBJECTS, decodeInventory, decodeSample, inventorySubject, sampleSubject } from '@vacancy/shared';
import { expect, it } from 'vitest';
import { silentLog as log } from '../../packages/stream/src/log.js';
import { addAccount, fileAccounts, publishToStreams, startServerStatusListener } from '../../packages/stream/src/serverstatus/index.js';
import { startTestNats, waitFor } from '../harness/nats.js';

it("brings a ServerStatus client's cards into the streams as an agent's", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-serverstatus-'));
  try {
    await using nats = await startTestNats();
    const connection = await nats.connect();
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
    await manager.streams.add({ name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS] });
    const file = path.join(folder, 'serverstatus.json');
    await addAccount(file, { user: 's01', password: 'pa:ss' });
    await using listener = await startServerStatusListener({ host: '127.0.0.1', port: 0, accounts: fileAccounts(file), publish: publishToStreams(connection), log });

    const client = connect(listener.port, '127.0.0.1');
    for (const [expected, answer] of [['Authentication required', 's01:pa:ss\n'], ['Authentication successful', ''], ['You are connecting via: IPv4', '']] as const) {
      const [segment] = (await once(client, 'data')) as [Buffer];
      expect(segment.toString()).toContain(expected);
      client.write(answer);
    }
    client.write(
      'update {"online0": false, "protocol_version": 1.0, "uptime": 7793761, "memory_total": 115389480, "memory_used": 12404684, "hdd_total": 7930348, "hdd_used": 7217486, "cpu": 31.9, "network_in": 1472131498480, "network_out": 6131962388933, "gpu_status": [["0", "TITAN Xp", 7271, 12196], ["1", "TITAN Xp", 8541, 12196]]}\n',
    );
    await waitFor(() => listener.counts.samples === 1, 10_000, 'a sample');
    await waitFor(async () => (await manager.streams.info(INVENTORY_STREAM)).state.messages === 1, 10_000, 'an inventory');
    const sample = await manager.streams.getMessage(SAMPLES_STREAM, { last_by_subj: sampleSubject('s01') });
    expect(decodeSample(sample!.subject, sample!.data)).toMatchObject({ ok: true, value: { server: 's01', cpu: 31.9, gpus: [{ memory_used: 7624196096 }, { memory_used: 8955887616 }] } });
    expect(sample!.header.get('Nats-Msg-Id')).toMatch(/^s01:[0-9a-f]{32}:0$/);
    const inventory = await manager.streams.getMessage(INVENTORY_STREAM, { last_by_subj: inventorySubject('s01') });
    expect(decodeInventory(inventory!.subject, inventory!.data)).toMatchObject({ ok: true, value: { gpu_num: 2, gpus: [{ gpu_type: 'TITAN Xp' }, { gpu_type: 'TITAN Xp' }] } });
    client.destroy();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
