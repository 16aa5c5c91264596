#!/usr/bin/env bash
# A KRaft node from its jars, configured as the official image is: KAFKA_A_B becomes the property a.b, with __ for an
# underscore and ___ for a dash; CLUSTER_ID names the cluster; a volume that is not formatted yet is formatted.
set -euo pipefail
properties=$(mktemp)
# What the official image takes for itself or for the JVM is no property of the broker.
ours='^KAFKA_(VERSION|HEAP_OPTS|OPTS|JMX_OPTS|JVM_PERFORMANCE_OPTS|GC_LOG_OPTS|LOG4J_.*)$'

for name in $(compgen -e | grep '^KAFKA_' | grep -v -E "$ours"); do
  property=$(sed -e 's/^KAFKA_//' -e 's/___/-/g' -e 's/__/\x01/g' -e 's/_/./g' -e 's/\x01/_/g' <<<"$name")
  printf '%s=%s\n' "${property,,}" "${!name}" >>"$properties"
done
grep -q '^log.dirs=' "$properties" || echo 'log.dirs=/var/lib/kafka/data' >>"$properties"

# shellcheck disable=SC2206 # several arguments in one variable, as in the official image
options=(${KAFKA_HEAP_OPTS:--Xmx1g -Xms1g} ${KAFKA_JVM_PERFORMANCE_OPTS:-} ${KAFKA_OPTS:-} -cp '/opt/kafka/libs/*')
folder=$(sed -n 's/^log.dirs=//p' "$properties")
if [[ ! -f $folder/meta.properties ]]; then
  java "${options[@]}" kafka.tools.StorageTool format -t "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" -c "$properties"
fi
exec java "${options[@]}" kafka.Kafka "$properties"
