"""The portal: server-rendered pages at `/`, for people. Works without script; nothing comes from another host."""
