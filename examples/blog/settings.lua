return {
  databases = { default = "sqlite:///blog.db" },
  apps = { "blog" },
}
