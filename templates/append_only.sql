-- Puts the seat belt on the log; segments take the row trigger over when they are attached.
create or replace trigger _append_only before update or delete on audit_schema.change
  for each row execute function audit_schema._append_only();
create or replace trigger _append_only_truncate before truncate on audit_schema.change
  for each statement execute function audit_schema._append_only();
