return {
  databases = {
    default = "sqlite:///copy.db", -- made by migrate from the models
    source = "sqlite:///source.db", -- the data set as it came
  },
  apps = { "chinook" },
}
