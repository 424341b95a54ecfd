import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonFile } from './keeper.js';

let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'keeper-'))));
afterEach(() => rm(dir, { recursive: true }));

const isList = (value: unknown): value is number[] => Array.isArray(value);
const keeper = () => jsonFile(join(dir, 'sub', 'list.json'), isList);

describe('a state file', () => {
  it('is empty before the first save', async () => expect(await keeper().load()).toBeNull());
  it('gives back what was saved', async () => {
    await keeper().save([1, 2]);
    expect(await keeper().load()).toEqual([1, 2]);
  });
  it('ends with the newest of many saves', async () => {
    const one = keeper();
    await Promise.all([1, 2, 3, 4].map((value) => one.save([value])));
    expect(await one.load()).toEqual([4]);
    expect(await readdir(join(dir, 'sub'))).toEqual(['list.json']);
  });
  it.each(['{"not":"a list"}', '[1, 2'])('that holds %s is put aside', async (text) => {
    await keeper().save([]);
    await writeFile(join(dir, 'sub', 'list.json'), text);
    expect(await keeper().load()).toBeNull();
    expect(await readFile(join(dir, 'sub', 'list.json.bad'), 'utf8')).toBe(text);
  });
  it('tells a failed save to who asked for it and goes on', async () => {
    await writeFile(join(dir, 'sub'), 'in the way');
    const one = keeper();
    await expect(one.save([1])).rejects.toThrow();
    await rm(join(dir, 'sub'));
    await one.save([2]);
    expect(await one.load()).toEqual([2]);
  });
});
