FROM local/debian:bookworm
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/*
COPY lib /opt/kafka/libs
COPY kafka-entrypoint.sh /usr/local/bin/
# The same number and the same folder as in the official image: a volume made with one can be read by the other.
RUN chmod 0755 /usr/local/bin/kafka-entrypoint.sh \
 && useradd --uid 1000 --gid 0 --no-create-home --shell /usr/sbin/nologin appuser \
 && mkdir -p /var/lib/kafka/data && chown -R appuser:root /var/lib/kafka
USER appuser
EXPOSE 9092
ENTRYPOINT ["kafka-entrypoint.sh"]
