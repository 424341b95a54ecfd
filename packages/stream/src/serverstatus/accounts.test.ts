import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addAccount, fileAccounts, readAccounts, removeAccount } from './accounts.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vacancy-accounts-'));
  file = path.join(folder, 'serverstatus.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('accounts', () => {
  it('know a right password from a wrong one, and a user from nobody', async () => {
    await addAccount(file, { user: 's01', password: 'pa:ss', name: '实验室一号' });
    const accounts = fileAccounts(file);
    expect(await accounts.verify('s01', 'pa:ss')).toMatchObject({ name: '实验室一号' });
    expect(await accounts.verify('s01', 'pa:s')).toBeNull();
    expect(await accounts.verify('s01', '')).toBeNull();
    expect(await accounts.verify('s02', 'pa:ss')).toBeNull();
    expect(await accounts.verify('__proto__', 'pa:ss')).toBeNull();
  });

  it('never store the password, hash equal ones differently, and are for the owner of the file alone', async () => {
    await addAccount(file, { user: 's01', password: 'correct horse' });
    await addAccount(file, { user: 's02', password: 'correct horse' });
    expect(await readFile(file, 'utf8')).not.toContain('correct horse');
    const accounts = await readAccounts(file);
    expect(accounts.get('s01')!.hash).not.toBe(accounts.get('s02')!.hash);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('that are removed count no more, at once', async () => {
    const accounts = fileAccounts(file);
    await addAccount(file, { user: 's01', password: 'x' });
    expect(await accounts.has('s01')).toBe(true);
    expect(await removeAccount(file, 's01')).toBe(true);
    expect(await accounts.verify('s01', 'x')).toBeNull();
    expect(await removeAccount(file, 's01')).toBe(false);
  });

  it('refuse names that are no server ids and passwords that do not fit the protocol', async () => {
    for (const user of ['S01', 'a b', 'a:b', '', '../x', '_x']) await expect(addAccount(file, { user, password: 'x' })).rejects.toThrow(RangeError);
    for (const password of ['', 'a\nb', 'x'.repeat(1024)]) await expect(addAccount(file, { user: 's01', password })).rejects.toThrow(RangeError);
    expect((await readAccounts(file)).size).toBe(0);
  });
});
