import { createHash } from 'node:crypto';

/**
 * The users of a ClickHouse server that serves Vacancy alone, for its `users.d`: the service with a password, and everybody else
 * (`default`, without one) who may read the views and nothing beside them, nor reach other hosts or files through table functions.
 */
export function clickhouseUsers(password: string): string {
  return `<clickhouse>
  <profiles>
    <reader>
      <readonly>1</readonly>
      <max_execution_time>60</max_execution_time>
      <max_memory_usage>1073741824</max_memory_usage>
    </reader>
  </profiles>
  <users>
    <vacancy>
      <password_sha256_hex>${createHash('sha256').update(password).digest('hex')}</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </vacancy>
    <default replace="replace">
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>reader</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT ON vacancy.*</query>
      </grants>
    </default>
  </users>
</clickhouse>
`;
}
