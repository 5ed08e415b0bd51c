-- What an operator has written: two streams of Seattle, whose clocks went from 02:00 to 03:00 on 2012-03-11.
insert into control_stream (name, description) values
  ('weather', 'the weather of a day'),
  ('report', 'what is told of a day, once its weather is there')
on conflict do nothing;

insert into control_schedule (stream, cron, timezone, start_at, end_at, catch_up) values
  ('weather', '0 1 * * *', 'America/Los_Angeles', '2012-03-09T00:00:00Z', '2012-03-14T00:00:00Z', true),
  ('report', '30 2 * * *', 'America/Los_Angeles', '2012-03-09T00:00:00Z', '2012-03-14T00:00:00Z', true)
on conflict do nothing;

insert into control_process (stream, name, kind, command, params, retries, priority) values
  ('weather', 'extract', 'script', 'extract.ts', '{"file": "seattle-2012-03.csv"}', 2, 5),
  ('report', 'measure', 'stream', 'weather', '{}', 0, 1),
  ('report', 'publish', 'script', 'publish.ts', '{}', 0, 1),
  ('report', 'done', 'bash', 'echo "$WHAT of $AIRFLOW_CTX_LOGICAL_DATE"', '{"WHAT": "report"}', 0, 1)
on conflict do nothing;

insert into control_process_group (stream, name, process) values
  ('weather', 'seattle', 'extract')
on conflict do nothing;

insert into control_dependency (stream, process, depends_on) values
  ('report', 'publish', 'measure'),
  ('report', 'done', 'publish')
on conflict do nothing;
