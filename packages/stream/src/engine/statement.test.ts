import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStatement } from './statement.js';

const insertOf = (text: string) => {
  const statement = readStatement(text);
  if (statement.kind !== 'insert') throw new Error('not an insert');
  return { ...statement, data: text.slice(statement.dataAt) };
};

describe('the head of an INSERT', () => {
  it('ends behind the format and one line break, so that data keep their own', () => {
    expect(insertOf('INSERT INTO t (a, b) FORMAT CSV\n\n1,2\n')).toMatchObject({ head: 'INSERT INTO t (a, b)', format: 'CSV', data: '\n1,2\n' });
  });
  it('takes the space that separates data on the same line', () => {
    expect(insertOf('insert into t format JSONEachRow {"a":1}')).toMatchObject({ format: 'JSONEachRow', data: '{"a":1}' });
  });
  it('keeps settings apart, since FROM INFILE stands before them', () => {
    expect(insertOf("INSERT INTO t SETTINGS async_insert=0, insert_deduplication_token='a FORMAT b' FORMAT Native")).toMatchObject({
      head: 'INSERT INTO t', settings: "SETTINGS async_insert=0, insert_deduplication_token='a FORMAT b'", format: 'Native', data: '',
    });
  });
  it('ends behind VALUES', () => {
    expect(insertOf("INSERT INTO t VALUES (1, 'x; SELECT')")).toMatchObject({ head: 'INSERT INTO t', format: 'Values', data: " (1, 'x; SELECT')" });
  });
  it('may name columns and tables like keywords', () => {
    expect(insertOf('INSERT INTO TABLE `format` ("values", `settings`) FORMAT TSV\n')).toMatchObject({ head: 'INSERT INTO TABLE `format` ("values", `settings`)', format: 'TSV' });
  });
  it('is found behind comments', () => {
    expect(insertOf('/* FORMAT x */ -- FORMAT y\nINSERT INTO t FORMAT TSV\n1').format).toBe('TSV');
  });
  it('has no data when rows come from a query or a file', () => {
    for (const text of ['INSERT INTO t SELECT 1', 'INSERT INTO t (a) WITH 1 AS x SELECT x', "INSERT INTO t FROM INFILE 'x' FORMAT CSV", 'INSERT INTO t TABLE u']) {
      expect(readStatement(text).kind).toBe('other');
    }
  });
  it('never takes a byte of the data away', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (data) => {
      const bytes = Buffer.from(data);
      const text = Buffer.concat([Buffer.from('INSERT INTO t FORMAT RowBinary\n'), bytes]).toString('latin1');
      expect(Buffer.from(insertOf(text).data, 'latin1').equals(bytes)).toBe(true);
    }));
  });
});

describe('the output format', () => {
  it.each([
    ['SELECT 1 FORMAT JSON', 'JSON'],
    ['SELECT 1 format CSV ;', 'CSV'],
    ['SELECT 1 FORMAT JSONEachRow SETTINGS max_threads = 1', 'JSONEachRow'],
    ['SELECT 1 -- FORMAT JSON', undefined],
    ["SELECT 'FORMAT JSON'", undefined],
    ['SELECT format, x FROM t', undefined],
    ["SELECT format('{}', a) FROM t", undefined],
    ['SELECT (SELECT 1 FORMAT JSON)', undefined],
  ])('of %s is %s', (text, format) => {
    expect(readStatement(text)).toEqual({ kind: 'other', format });
  });
  it('is found behind a long literal', () => {
    expect(readStatement(`SELECT '${'\\n'.repeat(500_000)}' FORMAT JSON`)).toEqual({ kind: 'other', format: 'JSON' });
  });
});
