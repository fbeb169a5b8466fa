"""Files and folders that are whole or not there, and what is known of them by their bytes.

Every other room may come in; this one imports no other, and no module here needs torch. `atomic`
writes one file, `directories` a whole model folder, `rows` JSON Lines, `tensor_files` safetensors
piece by piece (`tensor_headers` says what is in them; `quantised`, `ties` and `layouts` what their
names and bytes mean; `links` that lead elsewhere are refused), `long_tables` reads tables with one
number a row. `provenance` has digests, `fingerprints` says of a script what it and all that it
imports do (`logic`: of one file), `made` what jobs made and from what. Start at `atomic`.
"""
