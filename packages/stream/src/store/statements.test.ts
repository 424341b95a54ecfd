import { expect, it } from 'vitest';
import { splitStatements } from './statements.js';

it.each([
  ['at semicolons', 'SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
  ['without a last semicolon', 'SELECT 1', ['SELECT 1']],
  ['not in quotes', "SELECT ';', `a;b`, \"c;d\"; SELECT 'it\\'s;'", ["SELECT ';', `a;b`, \"c;d\"", "SELECT 'it\\'s;'"]],
  ['not in comments', '-- a; b\nSELECT 1 /* ; */; -- end;', ['-- a; b\nSELECT 1 /* ; */']],
  ['nothing from nothing', ' ;; -- only words\n', []],
])('splits %s', (_, sql, statements) => {
  expect(splitStatements(sql)).toEqual(statements);
});
