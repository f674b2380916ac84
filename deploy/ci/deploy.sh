#!/bin/sh
# Deploys a model with nothing but curl: pushes the file as a new version, declares that the
# deployment is to serve it, and waits until it does.
#
#   deploy.sh NAME MODEL.onnx DEPLOYMENT.json
#
# DEPLOYMENT.json is the deployment without its version. MILLRACE_URL is the gateway's HTTP port,
# MILLRACE_ADMIN_TOKEN the token if it wants one, MILLRACE_TIMEOUT how long to wait in seconds.
#
# Ends with 0 when the new version serves; with 1 when it was refused or taken back, and what
# served before still serves; with 2 when it was called wrongly; with 3 when the time was over.
set -eu

if [ $# -ne 3 ]; then
  echo "usage: $0 NAME MODEL.onnx DEPLOYMENT.json" >&2
  exit 2
fi
name=$1
model=$2
deployment=$3
for file in "$model" "$deployment"; do
  if [ ! -r "$file" ]; then
    echo "$file: cannot be read" >&2
    exit 2
  fi
done
url=${MILLRACE_URL:?"the gateway's HTTP port, such as http://gateway:8000"}
api=${url%/}/admin/v1
end=$(($(date +%s) + ${MILLRACE_TIMEOUT:-300}))

# Calls the gateway, whose answer is in $answer. Headers come by standard input: what is on a
# command line, everybody on the machine can read.
call() {
  answer=$(
    {
      echo "millrace-actor: ${MILLRACE_ACTOR:-deploy.sh}"
      if [ -n "${MILLRACE_ADMIN_TOKEN:-}" ]; then
        echo "Authorization: Bearer $MILLRACE_ADMIN_TOKEN"
      fi
    } | curl --silent --show-error --fail-with-body --connect-timeout 10 --header @- "$@"
  )
}

# The same, for what has to work: a refusal is {"code": ..., "message": ...}.
must() {
  call "$@" || {
    printf '%s\n' "$answer" >&2
    exit 1
  }
}

number_of_the_last_event() {
  printf '%s\n' "$answer" | sed -n 's/^{"number":"\([0-9]*\)".*/\1/p' | tail -n 1
}

# What has happened since this began: time, what, old -> new, and why it failed.
print_events() {
  must "$api/events?subject=$name"
  printf '%s\n' "$answer" | awk -F '"' -v last="${last:-0}" \
    '$4 + 0 > last + 0 { print $8, $20, ($24 == "" ? "" : $24 " -> ") $28, $32 }'
}

must "$api/events?subject=$name"
last=$(number_of_the_last_event)

digest=$( (sha256sum "$model" 2>/dev/null || shasum -a 256 "$model") | cut -d ' ' -f 1)
must --request POST --upload-file "$model" \
  "$api/models/$name/versions?sha256=$digest&metadata.commit=${GITHUB_SHA:-unknown}"
version=$(printf '%s\n' "$answer" | sed -n 's/^  "version": "\([0-9]*\)".*/\1/p')
echo "$name: pushed version $version, SHA-256 of the file $digest"

must --request PUT --data-binary "@$deployment" "$api/deployments/$name?spec.version=$version"
echo "$name: declared, waiting"

while [ "$(date +%s)" -lt "$end" ]; do
  # a gateway that is restarted meanwhile is waited for, too
  if call --max-time 10 "$api/deployments/$name" 2>/dev/null; then
    state=$(printf '%s\n' "$answer" | tr -s ' \n' ' ')
    case $state in
      *'"type": "Ready", "status": true'*)
        print_events
        echo "$name: version $version serves"
        exit 0
        ;;
      *'"type": "Progressing", "status": true'*) ;;
      *'"type": "Failed", "status": true'*)
        print_events
        reason=$(printf '%s\n' "$state" | sed 's/.*"type": "Failed", "status": true, "reason": "//; s/" }.*//')
        echo "$name: version $version was given up: $reason" >&2
        exit 1
        ;;
    esac
  fi
  sleep 1
done
print_events
echo "$name: version $version does not serve yet after ${MILLRACE_TIMEOUT:-300} s" >&2
exit 3
