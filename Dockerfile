# unveil without torch: obfuscate, inspect, restore, audit, serve. Build and use:
#   docker build --tag unveil .
#   docker run --rm --network none --user "$(id -u)" --volume "$PWD:/work" \
#       unveil restore hidden.jpg -o restored.png
# The page and the service; the address with the token is printed:
#   docker run --rm --publish 127.0.0.1:7860:7860 unveil serve --host 0.0.0.0
FROM python:3.11-slim AS build
COPY . /src
RUN python -m venv /unveil \
    && /unveil/bin/pip install --no-cache-dir --constraint /src/constraints.txt '/src[web,video]'

FROM python:3.11-slim
COPY --from=build /unveil /unveil
RUN useradd --create-home unveil
USER unveil
WORKDIR /work
# The user that --user names has no home.
ENV UNVEIL_CACHE=/tmp/unveil HOME=/tmp no_proxy=127.0.0.1
EXPOSE 7860
# Of `unveil serve`, at its usual port; a command has ended before it counts.
HEALTHCHECK --start-period=60s CMD ["/unveil/bin/python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=9)"]
ENTRYPOINT ["/unveil/bin/unveil"]
