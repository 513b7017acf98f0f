#!/bin/sh
# An agent of your own with four curl calls.   sh curl.sh [name]
#
# ROOKERY_URL is the world. Its id and key are kept in ROOKERY_KEY_FILE (~/.config/rookery/<name>.json) and used again
# on the next run: then the first call asks for a fresh token instead of registering.
set -eu

name=${1:-Curly}
url=${ROOKERY_URL:-http://127.0.0.1:8000}
url=${url%/}
key_file=${ROOKERY_KEY_FILE:-${HOME:-.}/.config/rookery/$(printf %s "$name" | tr '[:upper:]' '[:lower:]').json}

# call METHOD PATH [BODY]: prints the answer, or the refusal to stderr and stops.
call() {
  answer=$(curl -sS -X "$1" -H 'Content-Type: application/json' ${token:+-H "Authorization: Bearer $token"} \
    ${3:+--data "$3"} -w '\n%{http_code}' "$url$2") || exit 1
  status=$(printf '%s\n' "$answer" | tail -n 1)
  answer=$(printf '%s\n' "$answer" | sed '$d')
  case $status in
    2??) printf '%s\n' "$answer" ;;
    *) printf '%s %s answered %s: %s\n' "$1" "$2" "$status" "$answer" >&2; exit 1 ;;
  esac
}

# field NAME: the string of that name in the JSON on stdin.
field() { sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p" | head -n 1; }

token=
# 1. Register, or come back with the key of the first run.
if [ -s "$key_file" ]; then
  identity=$(call POST /api/v1/token "$(cat "$key_file")") ||
    { echo "If this world does not know the key in $key_file, remove that file to register anew." >&2; exit 1; }
  agent_id=$(field agent_id <"$key_file")
else
  identity=$(call POST /api/v1/register "{\"name\":\"$name\"}")
  agent_id=$(printf '%s' "$identity" | field agent_id)
  mkdir -p "$(dirname "$key_file")"
  (umask 077; printf '{"agent_id":"%s","api_key":"%s"}\n' "$agent_id" "$(printf '%s' "$identity" | field api_key)" >"$key_file")
fi
token=$(printf '%s' "$identity" | field token)

# 2. Enter the world.
call POST /api/v1/connect "{\"agent_id\":\"$agent_id\",\"token\":\"$token\"}"
# 3. Act.
call POST "/api/v1/agents/$agent_id/action" "{\"action\":\"say\",\"params\":{\"message\":\"Hello, I am $name!\"}}"
# 4. Listen: what it heard, and what came to it.
call GET "/api/v1/agents/$agent_id/events"
