"""LiteLLM's own tables, made by the migrations that it ships, and rows as its proxy writes them."""

from importlib.resources import files

import psycopg

__all__ = ["DAY", "fill", "migrate"]

DAY = "2024-01-04"
# A row as LiteLLM writes it, `n` its number: four teams, three models, every 50th failed, every 200th gone.
_ROW = """
INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, api_key, spend, total_tokens, prompt_tokens,
  completion_tokens, "startTime", "endTime", model, model_group, custom_llm_provider, "user", metadata, cache_hit,
  request_tags, team_id, end_user, messages, response, status, session_id)
SELECT %(name)s || n, 'acompletion', md5((n %% 40)::text), 0.001, 30, 20, 10,
  %(begin)s::timestamp + n * (%(seconds)s * interval '1 s' / %(rows)s), %(begin)s::timestamp + n * interval '1 s',
  (ARRAY['openai/gpt-4-0613', 'azure/prod-gpt35', 'anthropic/claude-2.1'])[n %% 3 + 1],
  (ARRAY['gpt-4', 'cheap', 'claude'])[n %% 3 + 1], (ARRAY['openai', 'azure', 'anthropic'])[n %% 3 + 1], 'u',
  jsonb_build_object('user_api_key_team_alias', 'team-' || n %% 4, 'user_api_key_alias', 'key-' || n %% 40,
    'user_api_key_team_id', 'id-' || n %% 4, 'requester_ip_address', '10.0.0.1', 'status',
    CASE WHEN n %% 50 = 0 THEN 'failure' ELSE 'success' END)
  || CASE WHEN n %% 50 = 0 THEN jsonb_build_object('error_information', jsonb_build_object(
    'error_code', CASE WHEN n %% 200 = 0 THEN '404' ELSE '500' END, 'error_class', 'NotFoundError')) ELSE '{}' END,
  'False', '["prod", "User-Agent: python"]', 'id-' || n %% 4, NULL,
  jsonb_build_object('body', repeat('x', %(body)s)), '{}', CASE WHEN n %% 50 = 0 THEN 'failure' ELSE 'success' END,
  md5(n::text)
FROM generate_series(0, %(rows)s - 1) AS n
"""


def migrate(connection: psycopg.Connection) -> int:
    """Run every migration that LiteLLM ships, in order, as its own runner does; how many there were."""
    folder = files("litellm_proxy_extras") / "migrations"
    found = sorted(step.name for step in folder.iterdir() if step.is_dir())
    for name in found:
        connection.execute((folder / name / "migration.sql").read_text().encode())
    return len(found)


def fill(
    connection: psycopg.Connection,
    rows: int,
    *,
    begin: str = DAY,
    seconds: int = 12 * 3600,
    name: str = "r",
    body: int = 0,
) -> None:
    """Rows spread evenly over so many seconds from `begin`; `name` makes their ids unlike others'."""
    connection.execute(_ROW, {"rows": rows, "begin": begin, "seconds": seconds, "name": name, "body": body})
