# unveil without torch: obfuscate, inspect, restore, models, evaluate, doctor. Build and use:
#   docker build --tag unveil .
#   docker run --rm --network none --volume "$PWD:/work" unveil restore hidden.jpg -o restored.png
FROM python:3.11-slim AS build
COPY . /src
RUN python -m venv /unveil \
    && /unveil/bin/pip install --no-cache-dir --constraint /src/constraints.txt /src

FROM python:3.11-slim
COPY --from=build /unveil /unveil
RUN useradd --create-home unveil
USER unveil
WORKDIR /work
ENV UNVEIL_CACHE=/tmp/unveil
ENTRYPOINT ["/unveil/bin/unveil"]
