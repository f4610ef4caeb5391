require 'sinatra/base'

class App < Sinatra::Base
  get('/') { "It works\n" }
end
