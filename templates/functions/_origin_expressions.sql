-- SQL text of who and why, for the columns actor, db_user, role, application, client_addr and context. Inside a
-- SECURITY DEFINER function current_user is its owner; session_user and the setting "role" still tell the caller.
-- `statement` adds the text the client sent to the context, ten thousand characters of it at most. `bare` leaves the
-- context out, where it is known that none is claimed.
create or replace function audit_schema._origin_expressions(statement boolean, bare boolean)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select format($origin$nullif(current_setting('audit.actor', true), ''),
    session_user,
    nullif(current_setting('role'), 'none'),
    nullif(current_setting('application_name'), ''),
    inet_client_addr(),
    %s$origin$,
    case
      when bare and not statement then 'null'
      when statement then format($context$coalesce(%I._context(current_setting('audit.context', true)), '{}') || jsonb_build_object('statement', left(current_query(), 10000))$context$, 'audit_schema')
      else format($context$case when current_setting('audit.context', true) <> '' then %I._context(current_setting('audit.context', true)) end$context$, 'audit_schema')
    end)
$function$;
